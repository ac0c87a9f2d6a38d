package commands

import (
	"context"
	"encoding/json"
	"time"

	"cloud.google.com/go/civil"
	"github.com/google/uuid"
	"github.com/shopspring/decimal"

	"github.com/ireneo-dev/ireneo"
	streams "github.com/ireneo-dev/ireneo/generators/testdata/app/event_streams"
	"github.com/ireneo-dev/ireneo/generators/testdata/app/projections"
)

// Merge asks for something to be done with a sample: merge.
type Merge struct {
	ireneo.Command `name:"sample.merge"`

	Into            string           `json:"into" validate:"required,max=255"`                                  // id of a sample
	SampleID        string           `json:"sample_id" label:"Sample" validate:"required,max=255,nefield=Into"` // id of a sample
	Title           string           `json:"title" validate:"required,max=200"`
	Story           string           `json:"story" form:"text" validate:"required,max=10000" sensitive:"true"`
	Count           int64            `json:"count"`
	Agreed          bool             `json:"agreed"`
	On              civil.Date       `json:"on" label:"Date" validate:"required"`
	At              time.Time        `json:"at" label:"Time" validate:"required"`
	Amount          int64            `json:"amount" form:"money" validate:"gt=0"` // cents
	Rate            decimal.Decimal  `json:"rate" validate:"gte=-9999999999.99,lte=9999999999.99"`
	Key             uuid.UUID        `json:"key" validate:"required"`
	Email           string           `json:"email" validate:"required,email,max=254" sensitive:"true"`
	HomeURL         string           `json:"home_url" label:"Home URL" validate:"required,url,max=2000"`
	Extra           json.RawMessage  `json:"extra" validate:"required"`
	Status          string           `json:"status" validate:"oneof=open closed"`
	CustomerID      string           `json:"customer_id" label:"Customer" validate:"required,max=255"` // id of a customer
	MaybeTitle      *string          `json:"maybe_title,omitempty" validate:"omitempty,max=200"`
	MaybeStory      *string          `json:"maybe_story,omitempty" form:"text" validate:"omitempty,max=10000"`
	MaybeCount      *int64           `json:"maybe_count,omitempty"`
	MaybeAgreed     *bool            `json:"maybe_agreed,omitempty"`
	MaybeOn         *civil.Date      `json:"maybe_on,omitempty"`
	MaybeAt         *time.Time       `json:"maybe_at,omitempty"`
	MaybeAmount     *int64           `json:"maybe_amount,omitempty" form:"money" validate:"omitempty,gt=0"` // cents
	MaybeRate       *decimal.Decimal `json:"maybe_rate,omitempty" validate:"omitempty,gte=-99999,lte=99999"`
	MaybeKey        *uuid.UUID       `json:"maybe_key,omitempty"`
	MaybeEmail      *string          `json:"maybe_email,omitempty" validate:"omitempty,email,max=254"`
	MaybeURL        *string          `json:"maybe_url,omitempty" label:"Maybe URL" validate:"omitempty,url,max=2000"`
	MaybeExtra      json.RawMessage  `json:"maybe_extra,omitempty"`
	MaybeStatus     *string          `json:"maybe_status,omitempty" validate:"omitempty,oneof=open closed"`
	MaybeCustomerID *string          `json:"maybe_customer_id,omitempty" label:"Maybe customer" validate:"omitempty,max=255"` // id of a customer
	Order           int64            `json:"order"`
	Line1           string           `json:"line_1" validate:"required,max=200"`
}

// Loads says what Handle reads, so that it is read in one go.
func (c *Merge) Loads() []ireneo.Reading {
	return []ireneo.Reading{
		projections.SampleRows.Of(streams.Sample.For(c.Into)),
		projections.SampleRows.Of(streams.Sample.For(c.SampleID)),
	}
}

// Handle decides. It is called again where somebody else was faster, so it does nothing
// but read, refuse and append.
func (c *Merge) Handle(ctx context.Context, b *ireneo.Boundary) error {
	into, err := ireneo.Load(ctx, b, streams.Sample.For(c.Into), projections.SampleRows)
	if err != nil {
		return err
	}
	sampleStream, err := ireneo.Load(ctx, b, streams.Sample.For(c.SampleID), projections.SampleRows)
	if err != nil {
		return err
	}
	if into.Version() == 0 {
		return b.Reject("into", "does not exist")
	}
	if sampleStream.Version() == 0 {
		return b.Reject("sample_id", "does not exist")
	}

	// The decision: look at into.State, refuse with b.Reject("line_1", "…"), and append
	// what happens, such as into.Append(&sample.Dropped{…}).
	return nil
}
