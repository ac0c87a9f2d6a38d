package samples

import (
	"context"
	"iter"
	"net/http"
	"strconv"
	"time"

	"cloud.google.com/go/civil"
	"github.com/google/uuid"
	"github.com/labstack/echo/v4"
	"github.com/shopspring/decimal"

	"github.com/ireneo-dev/ireneo/form/money"
	"github.com/ireneo-dev/ireneo/generators/testdata/scaffold/app/projections"
	"github.com/ireneo-dev/ireneo/list"
	"github.com/ireneo-dev/ireneo/server"
	"github.com/ireneo-dev/ireneo/view"
)

// listing is what the page of all samples shows.
type listing struct {
	view.List
	Rows []projections.Sample
}

// empty reports whether there is no sample at all.
func (l listing) empty() bool { return len(l.Rows) == 0 && !l.Query.Narrowed() && l.Query.After == "" }

// statuses are the states one can look for.
var statuses = []view.Option{
	{Value: "", Word: "All"},
	{Value: projections.SampleTaken, Word: "Taken"},
	{Value: projections.SampleWeighed, Word: "Weighed"},
}

// sorts are what a phone offers instead of the heads of columns.
var sorts = []view.Option{
	{Value: "title", Word: "Title"},
	{Value: "count", Word: "Count"},
	{Value: "taken_on", Word: "Taken on"},
	{Value: "at", Word: "Time"},
	{Value: "amount", Word: "Amount"},
	{Value: "email", Word: "Email"},
	{Value: "home_url", Word: "Home URL"},
	{Value: "mood", Word: "Mood"},
	{Value: "customer_id", Word: "Customer"},
	{Value: "order", Word: "Order"},
	{Value: "line_1", Word: "Line 1"},
	{Value: "status", Word: "Status"},
}

// statusWord is what a state is called.
func statusWord(status string) string {
	for _, s := range statuses[1:] {
		if s.Value == status {
			return s.Word
		}
	}
	return ""
}

// index lists the samples: GET /samples?q=&status=&sort=&after=.
func (p pages) index(c echo.Context) error {
	asked, err := projections.SampleList.Read(c.QueryParams())
	if err != nil {
		return err
	}
	found, err := projections.SampleList.Find(c.Request().Context(), asked)
	if err != nil {
		return err
	}
	return p.Render(c, http.StatusOK, "Samples", index(listing{List: view.ListOf(path, asked, found), Rows: found.Rows}))
}

// export is the list as a table, all of it: GET /samples.csv.
func (p pages) export(c echo.Context) error {
	asked, err := projections.SampleList.Read(c.QueryParams())
	if err != nil {
		return err
	}
	header := []string{"id", "status", "title", "story", "count", "agreed", "taken_on", "at", "amount", "rate", "key", "email", "home_url", "extra", "mood", "customer_id", "maybe_title", "maybe_story", "maybe_count", "maybe_agreed", "maybe_on", "maybe_at", "maybe_amount", "maybe_rate", "maybe_key", "maybe_email", "maybe_url", "maybe_mood", "maybe_customer_id", "order", "line_1", "weighed_title", "weighed_story", "weighed_count", "weighed_agreed", "weighed_taken_on", "weighed_at", "weighed_amount", "weighed_rate", "weighed_key", "weighed_email", "weighed_home_url", "weighed_extra", "weighed_mood", "weighed_customer_id", "weighed_maybe_title", "weighed_maybe_story", "weighed_maybe_count", "weighed_maybe_agreed", "weighed_maybe_on", "weighed_maybe_at", "weighed_maybe_amount", "weighed_maybe_rate", "weighed_maybe_key", "weighed_maybe_email", "weighed_maybe_url", "weighed_maybe_mood", "weighed_maybe_customer_id", "weighed_order", "weighed_line_1", "grams"}
	return server.SendCSV(c, "samples", header, rows(c.Request().Context(), asked))
}

func rows(ctx context.Context, asked list.Query) iter.Seq2[[]string, error] {
	return func(yield func([]string, error) bool) {
		for row, err := range projections.SampleList.All(ctx, asked) {
			if !yield([]string{
				row.ID, row.Status, row.Title, row.Story, strconv.FormatInt(row.Count, 10),
				strconv.FormatBool(row.Agreed), row.TakenOn.String(), row.At.UTC().Format(time.RFC3339),
				money.Plain(row.Amount), row.Rate.String(), row.Key.String(), row.Email, row.HomeURL,
				string(row.Extra), row.Mood, row.CustomerID,
				optional(row.MaybeTitle, func(s string) string { return s }),
				optional(row.MaybeStory, func(s string) string { return s }),
				optional(row.MaybeCount, func(n int64) string { return strconv.FormatInt(n, 10) }),
				optional(row.MaybeAgreed, strconv.FormatBool), optional(row.MaybeOn, civil.Date.String),
				optional(row.MaybeAt, func(t time.Time) string { return t.UTC().Format(time.RFC3339) }),
				optional(row.MaybeAmount, money.Plain), optional(row.MaybeRate, decimal.Decimal.String),
				optional(row.MaybeKey, uuid.UUID.String),
				optional(row.MaybeEmail, func(s string) string { return s }),
				optional(row.MaybeURL, func(s string) string { return s }),
				optional(row.MaybeMood, func(s string) string { return s }),
				optional(row.MaybeCustomerID, func(s string) string { return s }), strconv.FormatInt(row.Order, 10),
				row.Line1, optional(row.WeighedTitle, func(s string) string { return s }),
				optional(row.WeighedStory, func(s string) string { return s }),
				optional(row.WeighedCount, func(n int64) string { return strconv.FormatInt(n, 10) }),
				optional(row.WeighedAgreed, strconv.FormatBool), optional(row.WeighedTakenOn, civil.Date.String),
				optional(row.WeighedAt, func(t time.Time) string { return t.UTC().Format(time.RFC3339) }),
				optional(row.WeighedAmount, money.Plain), optional(row.WeighedRate, decimal.Decimal.String),
				optional(row.WeighedKey, uuid.UUID.String),
				optional(row.WeighedEmail, func(s string) string { return s }),
				optional(row.WeighedHomeURL, func(s string) string { return s }), string(row.WeighedExtra),
				optional(row.WeighedMood, func(s string) string { return s }),
				optional(row.WeighedCustomerID, func(s string) string { return s }),
				optional(row.WeighedMaybeTitle, func(s string) string { return s }),
				optional(row.WeighedMaybeStory, func(s string) string { return s }),
				optional(row.WeighedMaybeCount, func(n int64) string { return strconv.FormatInt(n, 10) }),
				optional(row.WeighedMaybeAgreed, strconv.FormatBool), optional(row.WeighedMaybeOn, civil.Date.String),
				optional(row.WeighedMaybeAt, func(t time.Time) string { return t.UTC().Format(time.RFC3339) }),
				optional(row.WeighedMaybeAmount, money.Plain), optional(row.WeighedMaybeRate, decimal.Decimal.String),
				optional(row.WeighedMaybeKey, uuid.UUID.String),
				optional(row.WeighedMaybeEmail, func(s string) string { return s }),
				optional(row.WeighedMaybeURL, func(s string) string { return s }),
				optional(row.WeighedMaybeMood, func(s string) string { return s }),
				optional(row.WeighedMaybeCustomerID, func(s string) string { return s }),
				optional(row.WeighedOrder, func(n int64) string { return strconv.FormatInt(n, 10) }),
				optional(row.WeighedLine1, func(s string) string { return s }),
				optional(row.Grams, func(n int64) string { return strconv.FormatInt(n, 10) }),
			}, err) {
				return
			}
		}
	}
}

// optional writes what may be missing.
func optional[T any](value *T, write func(T) string) string {
	if value == nil {
		return ""
	}
	return write(*value)
}
