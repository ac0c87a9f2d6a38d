package projections

import (
	"context"
	"time"

	"cloud.google.com/go/civil"
	"gorm.io/gorm"

	"github.com/ireneo-dev/ireneo/list"
)

// SampleList lists the samples, searched by their title.
var SampleList = list.Rows[Sample]{
	Query:  func(ctx context.Context) (*gorm.DB, error) { return Samples.Query(ctx) },
	ID:     list.Text("id", func(r *Sample) string { return r.ID }),
	Search: []string{"title_key"},
	Filters: map[string]list.Filter{
		"status": {Column: "status", Allowed: []string{SampleTaken, SampleWeighed}},
	},
	Sorts: map[string]list.Column[Sample]{
		"title":       list.Text("title_key", func(r *Sample) string { return r.TitleKey }),
		"count":       list.Number("count", func(r *Sample) int64 { return r.Count }),
		"taken_on":    list.Date("taken_on", func(r *Sample) civil.Date { return r.TakenOn }),
		"at":          list.Time("at", func(r *Sample) time.Time { return r.At }),
		"amount":      list.Number("amount", func(r *Sample) int64 { return r.Amount }),
		"email":       list.Text("email", func(r *Sample) string { return r.Email }),
		"home_url":    list.Text("home_url", func(r *Sample) string { return r.HomeURL }),
		"mood":        list.Text("mood", func(r *Sample) string { return r.Mood }),
		"customer_id": list.Text("customer_id", func(r *Sample) string { return r.CustomerID }),
		"order":       list.Number("\"order\"", func(r *Sample) int64 { return r.Order }),
		"line_1":      list.Text("line_1", func(r *Sample) string { return r.Line1 }),
		"status":      list.Text("status", func(r *Sample) string { return r.Status }),
	},
	Usual: "-taken_on",
}
