package projections

import (
	"encoding/json"
	"time"

	"cloud.google.com/go/civil"
	"github.com/google/uuid"
	"github.com/shopspring/decimal"

	"github.com/ireneo-dev/ireneo"
	"github.com/ireneo-dev/ireneo/generators/testdata/app/events/sample"
)

// SampleRow is one sample as sample_rows keeps it.
type SampleRow struct {
	ID              string `gorm:"primaryKey"` // the stream id
	Title           string
	Story           string `sensitive:"true"`
	Count           int64
	Agreed          bool
	On              civil.Date
	At              time.Time
	Amount          int64 // cents
	Rate            decimal.Decimal
	Key             uuid.UUID
	Email           string `sensitive:"true"`
	HomeURL         string
	Extra           json.RawMessage `gorm:"serializer:json"`
	Status          string
	CustomerID      string // id of a customer
	MaybeTitle      *string
	MaybeStory      *string
	MaybeCount      *int64
	MaybeAgreed     *bool
	MaybeOn         *civil.Date
	MaybeAt         *time.Time
	MaybeAmount     *int64 // cents
	MaybeRate       *decimal.Decimal
	MaybeKey        *uuid.UUID
	MaybeEmail      *string
	MaybeURL        *string
	MaybeExtra      json.RawMessage `gorm:"serializer:json"`
	MaybeStatus     *string
	MaybeCustomerID *string // id of a customer
	Order           int64
	Line1           string `gorm:"column:line_1"`
}

// TableName is the table of the rows, whatever the type is called.
func (SampleRow) TableName() string { return "sample_rows" }

// SampleRows keeps one row a sample, current at every moment.
var SampleRows = ireneo.NewProjection("sample_rows",
	ireneo.On(func(r *SampleRow, e *sample.Taken, _ time.Time) {
		r.Title = e.Title
		r.Story = e.Story
		r.Count = e.Count
		r.Agreed = e.Agreed
		r.On = e.On
		r.At = e.At
		r.Amount = e.Amount
		r.Rate = e.Rate
		r.Key = e.Key
		r.Email = e.Email
		r.HomeURL = e.HomeURL
		r.Extra = e.Extra
		r.Status = e.Status
		r.CustomerID = e.CustomerID
		r.MaybeTitle = e.MaybeTitle
		r.MaybeStory = e.MaybeStory
		r.MaybeCount = e.MaybeCount
		r.MaybeAgreed = e.MaybeAgreed
		r.MaybeOn = e.MaybeOn
		r.MaybeAt = e.MaybeAt
		r.MaybeAmount = e.MaybeAmount
		r.MaybeRate = e.MaybeRate
		r.MaybeKey = e.MaybeKey
		r.MaybeEmail = e.MaybeEmail
		r.MaybeURL = e.MaybeURL
		r.MaybeExtra = e.MaybeExtra
		r.MaybeStatus = e.MaybeStatus
		r.MaybeCustomerID = e.MaybeCustomerID
		r.Order = e.Order
		r.Line1 = e.Line1
	}),
	ireneo.On(func(_ *SampleRow, _ *sample.Dropped, _ time.Time) {}), // changes nothing
)
