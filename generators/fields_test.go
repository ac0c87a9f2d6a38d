package generators_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ireneo-dev/ireneo/generators"
)

func TestParseField_Tags(t *testing.T) {
	for text, want := range map[string]string{
		"customer:string:sensitive":   "Customer string `json:\"customer\" validate:\"required,max=200\" sensitive:\"true\"`",
		"note:text:null":              "Note *string `json:\"note,omitempty\" form:\"text\" validate:\"omitempty,max=10000\"`",
		"count:int":                   "Count int64 `json:\"count\"`",
		"agreed:bool:null":            "Agreed *bool `json:\"agreed,omitempty\"`",
		"on:date":                     "On civil.Date `json:\"on\" label:\"Date\" validate:\"required\"`",
		"paid_on:date:null":           "PaidOn *civil.Date `json:\"paid_on,omitempty\"`",
		"at:time":                     "At time.Time `json:\"at\" label:\"Time\" validate:\"required\"`",
		"amount:money":                "Amount int64 `json:\"amount\" form:\"money\" validate:\"gt=0\"`",
		"amount:money:null:sensitive": "Amount *int64 `json:\"amount,omitempty\" form:\"money\" validate:\"omitempty,gt=0\" sensitive:\"true\"`",
		"rate:decimal:5:2":            "Rate decimal.Decimal `json:\"rate\" validate:\"gte=-999.99,lte=999.99\"`",
		"share:decimal:3:0":           "Share decimal.Decimal `json:\"share\" validate:\"gte=-999,lte=999\"`",
		"key:uuid":                    "Key uuid.UUID `json:\"key\" validate:\"required\"`",
		"email:email":                 "Email string `json:\"email\" validate:\"required,email,max=254\"`",
		"home_url:url":                "HomeURL string `json:\"home_url\" label:\"Home URL\" validate:\"required,url,max=2000\"`",
		"extra:json:null":             "Extra json.RawMessage `json:\"extra,omitempty\"`",
		"status:enum:open:settled":    "Status string `json:\"status\" validate:\"oneof=open settled\"`",
		"customer_id:ref:customer":    "CustomerID string `json:\"customer_id\" label:\"Customer\" validate:\"required,max=255\"`",
	} {
		f, err := generators.ParseField(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if got := f.Name.Go + " " + f.GoType() + " " + f.Tag(); got != want {
			t.Errorf("%s:\n got %s\nwant %s", text, got, want)
		}
	}
}

func TestParseField_RefusesAndNamesTheRemedy(t *testing.T) {
	for text, want := range map[string]string{
		"amount":                   "such as amount:string",
		"amount:":                  "say its type",
		"amount:float":             "write decimal:12:2",
		"amount:boolean":           "write bool",
		"amount:monney":            "the types are string, text,",
		"amount:money:nul":         "the modifiers are null",
		"amount:money:null:money":  "the modifiers are null",
		"rate:decimal":             "such as decimal:12:2",
		"rate:decimal:2:2":         "digits before the point",
		"rate:decimal:30:2":        "digits before the point",
		"rate:decimal:12:x":        "digits before the point",
		"status:enum":              "such as enum:open:settled",
		"status:enum:a:a":          "twice",
		"status:enum:a:`b`":        "lower case letters",
		"status:enum:a b":          "lower case letters",
		"status:enum:null":         "say the words",
		"customer:ref":             "such as ref:customer",
		"customer:ref:../x":        "use letters",
		"id:string":                "is reserved",
		"recorded_at:time":         "is reserved",
		"RecordedAt:time":          "is reserved",
		"errors:int":               "is reserved", // it would hide ireneo.Event's Errors
		"format:string":            "is reserved",
		"type:string":              "means something in Go",
		"amount:money:sensitive:x": "the modifiers are",
	} {
		_, err := generators.ParseField(text)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", text, err, want)
		}
	}
}

func TestParseFields_TwiceTheSame(t *testing.T) {
	_, err := generators.ParseFields([]string{"line_1:string", "line1:int"})
	if err == nil || !strings.Contains(err.Error(), "two fields Line1") {
		t.Errorf("got %v", err)
	}
}

// Columns keep the field's name even where GORM would make another of it.
func TestField_Columns(t *testing.T) {
	fields, err := generators.ParseFields([]string{"line_1:string:null", "customer_id:ref:customer", "total:money:sensitive", "rate:decimal:5:2:index"})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, f := range fields {
		got = append(got, f.Name.Snake+" "+f.Column()+" "+f.ColumnTag())
	}
	want := []string{
		"line_1 TEXT `gorm:\"column:line_1\"`", "customer_id TEXT NOT NULL ",
		"total BIGINT NOT NULL `sensitive:\"true\"`", "rate TEXT NOT NULL ",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("columns differ (-want +got):\n%s", diff)
	}
}

func FuzzParseField(f *testing.F) {
	for _, text := range []string{"a:string", "a:enum:b:c:null", "a:decimal:12:2", "a:ref:b", "a:`", "{{a}}:string", "a:enum:\"b"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		field, err := generators.ParseField(text)
		if err == nil && strings.Count(field.Tag(), "`") != 2 {
			t.Errorf("%q: the tag %s ends early", text, field.Tag())
		}
	})
}
