package projections

import (
	"encoding/json"
	"strings"
	"time"

	"cloud.google.com/go/civil"
	"github.com/google/uuid"
	"github.com/shopspring/decimal"

	"github.com/ireneo-dev/ireneo"
	"github.com/ireneo-dev/ireneo/generators/testdata/scaffold/app/events/sample"
)

// The states of a sample, as they are stored: what happened to it last.
const (
	SampleTaken   = "taken"
	SampleWeighed = "weighed"
)

// Sample is one sample as lists and pages show it.
type Sample struct {
	ID                     string `gorm:"primaryKey"` // the stream id
	Title                  string
	Story                  string `sensitive:"true"`
	Count                  int64
	Agreed                 bool
	TakenOn                civil.Date
	At                     time.Time `label:"Time"`
	Amount                 int64     // cents
	Rate                   decimal.Decimal
	Key                    uuid.UUID
	Email                  string          `sensitive:"true"`
	HomeURL                string          `label:"Home URL"`
	Extra                  json.RawMessage `gorm:"serializer:json"`
	Mood                   string
	CustomerID             string `label:"Customer"` // id of a customer
	MaybeTitle             *string
	MaybeStory             *string
	MaybeCount             *int64
	MaybeAgreed            *bool
	MaybeOn                *civil.Date
	MaybeAt                *time.Time
	MaybeAmount            *int64 // cents
	MaybeRate              *decimal.Decimal
	MaybeKey               *uuid.UUID
	MaybeEmail             *string
	MaybeURL               *string `label:"Maybe URL"`
	MaybeMood              *string
	MaybeCustomerID        *string `label:"Maybe customer"` // id of a customer
	Order                  int64
	Line1                  string `gorm:"column:line_1" label:"Line 1"`
	WeighedTitle           *string
	WeighedStory           *string `sensitive:"true"`
	WeighedCount           *int64
	WeighedAgreed          *bool
	WeighedTakenOn         *civil.Date
	WeighedAt              *time.Time
	WeighedAmount          *int64 // cents
	WeighedRate            *decimal.Decimal
	WeighedKey             *uuid.UUID
	WeighedEmail           *string         `sensitive:"true"`
	WeighedHomeURL         *string         `label:"Weighed home URL"`
	WeighedExtra           json.RawMessage `gorm:"serializer:json"`
	WeighedMood            *string
	WeighedCustomerID      *string `label:"Weighed customer"` // id of a customer
	WeighedMaybeTitle      *string
	WeighedMaybeStory      *string
	WeighedMaybeCount      *int64
	WeighedMaybeAgreed     *bool
	WeighedMaybeOn         *civil.Date
	WeighedMaybeAt         *time.Time
	WeighedMaybeAmount     *int64 // cents
	WeighedMaybeRate       *decimal.Decimal
	WeighedMaybeKey        *uuid.UUID
	WeighedMaybeEmail      *string
	WeighedMaybeURL        *string `label:"Weighed maybe URL"`
	WeighedMaybeMood       *string
	WeighedMaybeCustomerID *string `label:"Weighed maybe customer"` // id of a customer
	WeighedOrder           *int64
	WeighedLine1           *string `gorm:"column:weighed_line_1" label:"Weighed line 1"`
	Grams                  *int64
	TitleKey               string // the title in lower case, for searching and sorting
	Status                 string `validate:"oneof=taken weighed"`
}

// TableName is the table of the rows, whatever the type is called.
func (Sample) TableName() string { return "samples" }

// Samples keeps one row a sample, current at every moment.
var Samples = ireneo.NewProjection("samples",
	ireneo.On(func(s *Sample, e *sample.Taken, _ time.Time) {
		s.Title = e.Title
		s.Story = e.Story
		s.Count = e.Count
		s.Agreed = e.Agreed
		s.TakenOn = e.TakenOn
		s.At = e.At
		s.Amount = e.Amount
		s.Rate = e.Rate
		s.Key = e.Key
		s.Email = e.Email
		s.HomeURL = e.HomeURL
		s.Extra = e.Extra
		s.Mood = e.Mood
		s.CustomerID = e.CustomerID
		s.MaybeTitle = e.MaybeTitle
		s.MaybeStory = e.MaybeStory
		s.MaybeCount = e.MaybeCount
		s.MaybeAgreed = e.MaybeAgreed
		s.MaybeOn = e.MaybeOn
		s.MaybeAt = e.MaybeAt
		s.MaybeAmount = e.MaybeAmount
		s.MaybeRate = e.MaybeRate
		s.MaybeKey = e.MaybeKey
		s.MaybeEmail = e.MaybeEmail
		s.MaybeURL = e.MaybeURL
		s.MaybeMood = e.MaybeMood
		s.MaybeCustomerID = e.MaybeCustomerID
		s.Order = e.Order
		s.Line1 = e.Line1
		s.TitleKey = strings.ToLower(e.Title)
		s.Status = SampleTaken
	}),
	ireneo.On(func(s *Sample, e *sample.Weighed, _ time.Time) {
		s.WeighedTitle = &e.Title
		s.WeighedStory = &e.Story
		s.WeighedCount = &e.Count
		s.WeighedAgreed = &e.Agreed
		s.WeighedTakenOn = &e.TakenOn
		s.WeighedAt = &e.At
		s.WeighedAmount = &e.Amount
		s.WeighedRate = &e.Rate
		s.WeighedKey = &e.Key
		s.WeighedEmail = &e.Email
		s.WeighedHomeURL = &e.HomeURL
		s.WeighedExtra = e.Extra
		s.WeighedMood = &e.Mood
		s.WeighedCustomerID = &e.CustomerID
		s.WeighedMaybeTitle = e.MaybeTitle
		s.WeighedMaybeStory = e.MaybeStory
		s.WeighedMaybeCount = e.MaybeCount
		s.WeighedMaybeAgreed = e.MaybeAgreed
		s.WeighedMaybeOn = e.MaybeOn
		s.WeighedMaybeAt = e.MaybeAt
		s.WeighedMaybeAmount = e.MaybeAmount
		s.WeighedMaybeRate = e.MaybeRate
		s.WeighedMaybeKey = e.MaybeKey
		s.WeighedMaybeEmail = e.MaybeEmail
		s.WeighedMaybeURL = e.MaybeURL
		s.WeighedMaybeMood = e.MaybeMood
		s.WeighedMaybeCustomerID = e.MaybeCustomerID
		s.WeighedOrder = &e.Order
		s.WeighedLine1 = &e.Line1
		s.Grams = &e.Grams
		s.Status = SampleWeighed
	}),
)
