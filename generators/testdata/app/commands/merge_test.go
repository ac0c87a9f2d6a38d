package commands_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"cloud.google.com/go/civil"
	"github.com/google/uuid"
	"github.com/shopspring/decimal"

	"github.com/ireneo-dev/ireneo/generators/testdata/app/commands"
	"github.com/ireneo-dev/ireneo/ireneotest"
)

// validMerge is one that nothing is wrong with.
func validMerge() *commands.Merge {
	return &commands.Merge{
		Into:            "sample-1",
		SampleID:        "sample-2",
		Title:           "Some words",
		Story:           "Some words",
		Count:           42,
		Agreed:          true,
		On:              civil.Date{Year: 2026, Month: 1, Day: 31},
		At:              time.Date(2026, 1, 31, 14, 30, 0, 0, time.UTC),
		Amount:          100_000,
		Rate:            decimal.RequireFromString("4.25"),
		Key:             uuid.MustParse("0190163d-8694-739b-aea5-966c26f8ad91"),
		Email:           "ana@example.com",
		HomeURL:         "https://example.com/a",
		Extra:           json.RawMessage(`{"a":1}`),
		Status:          "open",
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
		MaybeExtra:      json.RawMessage(`{"a":1}`),
		MaybeStatus:     new("open"),
		MaybeCustomerID: new("customer-1"),
		Order:           42,
		Line1:           "Some words",
	}
}

func TestMerge_Rejected(t *testing.T) {
	for name, tt := range map[string]struct {
		breakIt        func(*commands.Merge)
		field, message string
	}{
		"no into":              {func(c *commands.Merge) { c.Into = "" }, "into", "Into is required"},
		"long into":            {func(c *commands.Merge) { c.Into = strings.Repeat("a", 256) }, "into", "Into must be a maximum of 255 characters in length"},
		"no sample":            {func(c *commands.Merge) { c.SampleID = "" }, "sample_id", "Sample is required"},
		"long sample":          {func(c *commands.Merge) { c.SampleID = strings.Repeat("a", 256) }, "sample_id", "Sample must be a maximum of 255 characters in length"},
		"same into and sample": {func(c *commands.Merge) { c.SampleID = c.Into }, "sample_id", "Sample cannot be equal to Into"},
		"no title":             {func(c *commands.Merge) { c.Title = "" }, "title", "Title is required"},
		"long title":           {func(c *commands.Merge) { c.Title = strings.Repeat("a", 201) }, "title", "Title must be a maximum of 200 characters in length"},
		"no story":             {func(c *commands.Merge) { c.Story = "" }, "story", "Story is required"},
		"long story":           {func(c *commands.Merge) { c.Story = strings.Repeat("a", 10_001) }, "story", "Story must be a maximum of 10,000 characters in length"},
		"no date":              {func(c *commands.Merge) { c.On = civil.Date{} }, "on", "Date is required"},
		"no time":              {func(c *commands.Merge) { c.At = time.Time{} }, "at", "Time is required"},
		"no amount":            {func(c *commands.Merge) { c.Amount = 0 }, "amount", "Amount must be greater than 0"},
		"small rate":           {func(c *commands.Merge) { c.Rate = decimal.RequireFromString("-10000000000") }, "rate", "Rate must be -9,999,999,999.99 or greater"},
		"large rate":           {func(c *commands.Merge) { c.Rate = decimal.RequireFromString("10000000000") }, "rate", "Rate must be 9,999,999,999.99 or less"},
		"no key":               {func(c *commands.Merge) { c.Key = uuid.Nil }, "key", "Key is required"},
		"no email":             {func(c *commands.Merge) { c.Email = "" }, "email", "Email is required"},
		"wrong email":          {func(c *commands.Merge) { c.Email = "ana" }, "email", "Email must be a valid email address"},
		"long email": {func(c *commands.Merge) {
			c.Email = strings.Repeat("a", 60) + "@" + strings.Repeat("abcdefghi.", 19) + "abcd"
		}, "email", "Email must be a maximum of 254 characters in length"},
		"no home URL":       {func(c *commands.Merge) { c.HomeURL = "" }, "home_url", "Home URL is required"},
		"wrong home URL":    {func(c *commands.Merge) { c.HomeURL = "nowhere" }, "home_url", "Home URL must be a valid URL"},
		"long home URL":     {func(c *commands.Merge) { c.HomeURL = "https://example.com/" + strings.Repeat("a", 2_000) }, "home_url", "Home URL must be a maximum of 2,000 characters in length"},
		"no extra":          {func(c *commands.Merge) { c.Extra = nil }, "extra", "Extra is required"},
		"unknown status":    {func(c *commands.Merge) { c.Status = "Something else" }, "status", "Status must be one of [open closed]"},
		"no customer":       {func(c *commands.Merge) { c.CustomerID = "" }, "customer_id", "Customer is required"},
		"long customer":     {func(c *commands.Merge) { c.CustomerID = strings.Repeat("a", 256) }, "customer_id", "Customer must be a maximum of 255 characters in length"},
		"long maybe title":  {func(c *commands.Merge) { c.MaybeTitle = new(strings.Repeat("a", 201)) }, "maybe_title", "Maybe title must be a maximum of 200 characters in length"},
		"long maybe story":  {func(c *commands.Merge) { c.MaybeStory = new(strings.Repeat("a", 10_001)) }, "maybe_story", "Maybe story must be a maximum of 10,000 characters in length"},
		"no maybe amount":   {func(c *commands.Merge) { c.MaybeAmount = new(int64(0)) }, "maybe_amount", "Maybe amount must be greater than 0"},
		"small maybe rate":  {func(c *commands.Merge) { c.MaybeRate = new(decimal.RequireFromString("-100000")) }, "maybe_rate", "Maybe rate must be -99,999 or greater"},
		"large maybe rate":  {func(c *commands.Merge) { c.MaybeRate = new(decimal.RequireFromString("100000")) }, "maybe_rate", "Maybe rate must be 99,999 or less"},
		"wrong maybe email": {func(c *commands.Merge) { c.MaybeEmail = new("ana") }, "maybe_email", "Maybe email must be a valid email address"},
		"long maybe email": {func(c *commands.Merge) {
			c.MaybeEmail = new(strings.Repeat("a", 60) + "@" + strings.Repeat("abcdefghi.", 19) + "abcd")
		}, "maybe_email", "Maybe email must be a maximum of 254 characters in length"},
		"wrong maybe URL":      {func(c *commands.Merge) { c.MaybeURL = new("nowhere") }, "maybe_url", "Maybe URL must be a valid URL"},
		"long maybe URL":       {func(c *commands.Merge) { c.MaybeURL = new("https://example.com/" + strings.Repeat("a", 2_000)) }, "maybe_url", "Maybe URL must be a maximum of 2,000 characters in length"},
		"unknown maybe status": {func(c *commands.Merge) { c.MaybeStatus = new("Something else") }, "maybe_status", "Maybe status must be one of [open closed]"},
		"long maybe customer":  {func(c *commands.Merge) { c.MaybeCustomerID = new(strings.Repeat("a", 256)) }, "maybe_customer_id", "Maybe customer must be a maximum of 255 characters in length"},
		"no line 1":            {func(c *commands.Merge) { c.Line1 = "" }, "line_1", "Line 1 is required"},
		"long line 1":          {func(c *commands.Merge) { c.Line1 = strings.Repeat("a", 201) }, "line_1", "Line 1 must be a maximum of 200 characters in length"},
		"unknown into":         {func(c *commands.Merge) { c.Into = "nowhere" }, "into", "Into does not exist"},
	} {
		t.Run(name, func(t *testing.T) {
			cmd := validMerge()
			tt.breakIt(cmd)
			ireneotest.Commands(t, application).When(cmd).ThenRejected(tt.field, tt.message)
		})
	}
}
