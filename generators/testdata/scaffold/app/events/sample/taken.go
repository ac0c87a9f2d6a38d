package sample

import (
	"encoding/json"
	"time"

	"cloud.google.com/go/civil"
	"github.com/google/uuid"
	"github.com/shopspring/decimal"

	"github.com/ireneo-dev/ireneo"
)

// Taken says that something happened to a sample: taken.
type Taken struct {
	ireneo.Event `name:"sample.taken"`

	Title           string           `json:"title" validate:"required,max=200"`
	Story           string           `json:"story" form:"text" validate:"required,max=10000" sensitive:"true"`
	Count           int64            `json:"count"`
	Agreed          bool             `json:"agreed"`
	TakenOn         civil.Date       `json:"taken_on" validate:"required"`
	At              time.Time        `json:"at" label:"Time" validate:"required"`
	Amount          int64            `json:"amount" form:"money" validate:"gt=0"` // cents
	Rate            decimal.Decimal  `json:"rate" validate:"gte=-9999999999.99,lte=9999999999.99"`
	Key             uuid.UUID        `json:"key" validate:"required"`
	Email           string           `json:"email" validate:"required,email,max=254" sensitive:"true"`
	HomeURL         string           `json:"home_url" label:"Home URL" validate:"required,url,max=2000"`
	Extra           json.RawMessage  `json:"extra,omitempty"`
	Mood            string           `json:"mood" validate:"oneof=good very_bad"`
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
	MaybeMood       *string          `json:"maybe_mood,omitempty" validate:"omitempty,oneof=good bad"`
	MaybeCustomerID *string          `json:"maybe_customer_id,omitempty" label:"Maybe customer" validate:"omitempty,max=255"` // id of a customer
	Order           int64            `json:"order"`
	Line1           string           `json:"line_1" validate:"required,max=200"`
}
