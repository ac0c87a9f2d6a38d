package form_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"cloud.google.com/go/civil"
	"github.com/google/uuid"
	"github.com/shopspring/decimal"

	"github.com/ireneo-dev/ireneo"
	"github.com/ireneo-dev/ireneo/form"
)

// Who is embedded: its fields are the event's own.
type Who struct {
	Email string `json:"email" validate:"omitempty,email,max=200"`
}

// Everything has a field of every type, and some that no form may touch.
type Everything struct {
	ireneo.Event `name:"test.everything_happened"`
	Who

	Name     string           `json:"name" validate:"required,min=2,max=50"`
	Story    string           `json:"story" form:"text" validate:"max=2000000"`
	Site     string           `json:"site,omitempty" validate:"omitempty,url"`
	Color    string           `json:"color" label:"Colour" validate:"oneof=red dark_green 'deep blue'"`
	Level    int              `json:"level,omitempty" validate:"omitempty,oneof=1 2 3"`
	Count    int64            `json:"count" validate:"gt=0,lte=100"`
	Small    int8             `json:"small,omitempty"`
	Natural  uint16           `json:"natural,omitempty"`
	Share    float64          `json:"share,omitempty"`
	Amount   int64            `json:"amount" form:"money"`
	Rate     decimal.Decimal  `json:"rate"`
	Agreed   bool             `json:"agreed"`
	On       civil.Date       `json:"on" label:"Date" validate:"required"`
	At       time.Time        `json:"at" label:"Moment" validate:"required"`
	Ref      uuid.UUID        `json:"ref,omitzero"`
	Nick     *string          `json:"nick" validate:"omitempty,max=10"`
	MaybeInt *int             `json:"maybe_int"`
	MaybePay *int64           `json:"maybe_pay" form:"money"`
	MaybeDec *decimal.Decimal `json:"maybe_dec"`
	MaybeYes *bool            `json:"maybe_yes"`
	MaybeOn  *civil.Date      `json:"maybe_on"`
	MaybeAt  *time.Time       `json:"maybe_at"`

	Place   int64    `json:"position"`
	Actor   string   `json:"actor"`
	Source  string   `json:"source" form:"-"`
	Secret  string   `json:"-"`
	Lines   []string `json:"lines"`
	private string   //nolint:unused // proves that a form cannot reach it
}

// complete is a body that is accepted.
func complete() url.Values {
	return url.Values{
		"name": {"Ana"}, "color": {"red"}, "count": {"1"}, "amount": {"1"}, "rate": {"0"},
		"on": {"2026-01-31"}, "at": {"2026-01-31T14:30"},
	}
}

// with is complete with some fields set otherwise; no values at all remove a field.
func with(name string, values ...string) url.Values {
	body := complete()
	if body[name] = values; len(values) == 0 {
		delete(body, name)
	}
	return body
}

func request(contentType, body string) *http.Request {
	r := httptest.NewRequest(http.MethodPost, "/?name=query&amount=666", strings.NewReader(body))
	r.Header.Set("Content-Type", contentType)
	return r
}

const urlencoded = "application/x-www-form-urlencoded"

func decode(t *testing.T, contentType, body string) (*Everything, *form.Form) {
	t.Helper()
	ev := &Everything{}
	f, err := form.Decode(request(contentType, body), ev)
	if err != nil {
		t.Fatal(err)
	}
	return ev, f
}

func post(t *testing.T, values url.Values) (*Everything, *form.Form) {
	t.Helper()
	return decode(t, urlencoded, values.Encode())
}

func ptr[T any](v T) *T { return &v }
