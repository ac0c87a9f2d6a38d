package events_test

import (
	_ "embed"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"cloud.google.com/go/civil"
	"github.com/google/uuid"
	"github.com/shopspring/decimal"

	"github.com/ireneo-dev/ireneo/generators/testdata/scaffold/app/events/sample"
)

// sampleTakenV1 is how the log has the event. Once events are stored it never changes.
//
//go:embed sample/testdata/taken.v1.json
var sampleTakenV1 string

func sampleTaken() *sample.Taken {
	return &sample.Taken{
		Title:           "Some words",
		Story:           "Some words",
		Count:           42,
		Agreed:          true,
		TakenOn:         civil.Date{Year: 2026, Month: 1, Day: 31},
		At:              time.Date(2026, 1, 31, 14, 30, 0, 0, time.UTC),
		Amount:          100_000,
		Rate:            decimal.RequireFromString("4.25"),
		Key:             uuid.MustParse("0190163d-8694-739b-aea5-966c26f8ad91"),
		Email:           "ana@example.com",
		HomeURL:         "https://example.com/a",
		Extra:           json.RawMessage(`{"a":1}`),
		Mood:            "good",
		CustomerID:      "customer-1",
		MaybeTitle:      new("Some words"),
		MaybeStory:      new("Some words"),
		MaybeCount:      new(int64(42)),
		MaybeAgreed:     new(true),
		MaybeOn:         new(civil.Date{Year: 2026, Month: 1, Day: 31}),
		MaybeAt:         new(time.Date(2026, 1, 31, 14, 30, 0, 0, time.UTC)),
		MaybeAmount:     new(int64(100_000)),
		MaybeRate:       new(decimal.RequireFromString("4.25")),
		MaybeKey:        new(uuid.MustParse("0190163d-8694-739b-aea5-966c26f8ad91")),
		MaybeEmail:      new("ana@example.com"),
		MaybeURL:        new("https://example.com/a"),
		MaybeMood:       new("good"),
		MaybeCustomerID: new("customer-1"),
		Order:           42,
		Line1:           "Some words",
	}
}

func TestSampleTaken_Rules(t *testing.T) {
	checkRules(t, sampleTaken, map[string]rule[sample.Taken]{
		"no title":    {func(e *sample.Taken) { e.Title = "" }, "Title is required"},
		"long title":  {func(e *sample.Taken) { e.Title = strings.Repeat("a", 201) }, "Title must be a maximum of 200 characters in length"},
		"no story":    {func(e *sample.Taken) { e.Story = "" }, "Story is required"},
		"long story":  {func(e *sample.Taken) { e.Story = strings.Repeat("a", 10_001) }, "Story must be a maximum of 10,000 characters in length"},
		"no taken on": {func(e *sample.Taken) { e.TakenOn = civil.Date{} }, "Taken on is required"},
		"no time":     {func(e *sample.Taken) { e.At = time.Time{} }, "Time is required"},
		"no amount":   {func(e *sample.Taken) { e.Amount = 0 }, "Amount must be greater than 0"},
		"small rate":  {func(e *sample.Taken) { e.Rate = decimal.RequireFromString("-10000000000") }, "Rate must be -9,999,999,999.99 or greater"},
		"large rate":  {func(e *sample.Taken) { e.Rate = decimal.RequireFromString("10000000000") }, "Rate must be 9,999,999,999.99 or less"},
		"no key":      {func(e *sample.Taken) { e.Key = uuid.Nil }, "Key is required"},
		"no email":    {func(e *sample.Taken) { e.Email = "" }, "Email is required"},
		"wrong email": {func(e *sample.Taken) { e.Email = "ana" }, "Email must be a valid email address"},
		"long email": {func(e *sample.Taken) {
			e.Email = strings.Repeat("a", 60) + "@" + strings.Repeat("abcdefghi.", 19) + "abcd"
		}, "Email must be a maximum of 254 characters in length"},
		"no home URL":       {func(e *sample.Taken) { e.HomeURL = "" }, "Home URL is required"},
		"wrong home URL":    {func(e *sample.Taken) { e.HomeURL = "nowhere" }, "Home URL must be a valid URL"},
		"long home URL":     {func(e *sample.Taken) { e.HomeURL = "https://example.com/" + strings.Repeat("a", 2_000) }, "Home URL must be a maximum of 2,000 characters in length"},
		"unknown mood":      {func(e *sample.Taken) { e.Mood = "Something else" }, "Mood must be one of [good very_bad]"},
		"no customer":       {func(e *sample.Taken) { e.CustomerID = "" }, "Customer is required"},
		"long customer":     {func(e *sample.Taken) { e.CustomerID = strings.Repeat("a", 256) }, "Customer must be a maximum of 255 characters in length"},
		"long maybe title":  {func(e *sample.Taken) { e.MaybeTitle = new(strings.Repeat("a", 201)) }, "Maybe title must be a maximum of 200 characters in length"},
		"long maybe story":  {func(e *sample.Taken) { e.MaybeStory = new(strings.Repeat("a", 10_001)) }, "Maybe story must be a maximum of 10,000 characters in length"},
		"no maybe amount":   {func(e *sample.Taken) { e.MaybeAmount = new(int64(0)) }, "Maybe amount must be greater than 0"},
		"small maybe rate":  {func(e *sample.Taken) { e.MaybeRate = new(decimal.RequireFromString("-100000")) }, "Maybe rate must be -99,999 or greater"},
		"large maybe rate":  {func(e *sample.Taken) { e.MaybeRate = new(decimal.RequireFromString("100000")) }, "Maybe rate must be 99,999 or less"},
		"wrong maybe email": {func(e *sample.Taken) { e.MaybeEmail = new("ana") }, "Maybe email must be a valid email address"},
		"long maybe email": {func(e *sample.Taken) {
			e.MaybeEmail = new(strings.Repeat("a", 60) + "@" + strings.Repeat("abcdefghi.", 19) + "abcd")
		}, "Maybe email must be a maximum of 254 characters in length"},
		"wrong maybe URL":     {func(e *sample.Taken) { e.MaybeURL = new("nowhere") }, "Maybe URL must be a valid URL"},
		"long maybe URL":      {func(e *sample.Taken) { e.MaybeURL = new("https://example.com/" + strings.Repeat("a", 2_000)) }, "Maybe URL must be a maximum of 2,000 characters in length"},
		"unknown maybe mood":  {func(e *sample.Taken) { e.MaybeMood = new("Something else") }, "Maybe mood must be one of [good bad]"},
		"long maybe customer": {func(e *sample.Taken) { e.MaybeCustomerID = new(strings.Repeat("a", 256)) }, "Maybe customer must be a maximum of 255 characters in length"},
		"no line 1":           {func(e *sample.Taken) { e.Line1 = "" }, "Line 1 is required"},
		"long line 1":         {func(e *sample.Taken) { e.Line1 = strings.Repeat("a", 201) }, "Line 1 must be a maximum of 200 characters in length"},
	})
}

func TestSampleTaken_RoundTrip(t *testing.T) {
	checkRoundTrip(t, sampleTaken(), sampleTakenV1)
}
