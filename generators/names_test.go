package generators_test

import (
	"go/parser"
	"go/token"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ireneo-dev/ireneo/generators"
)

func TestParseEvent_Spellings(t *testing.T) {
	for typed, want := range map[string]struct{ stored, goName, pkg string }{
		"debt/issued":               {"debt.issued", "Issued", "debt"},
		"Debt.Issued":               {"debt.issued", "Issued", "debt"},
		"debt.issued":               {"debt.issued", "Issued", "debt"},
		"Debt/Issued":               {"debt.issued", "Issued", "debt"},
		"DebtIssued":                {"debt.issued", "Issued", "debt"},
		"DebtPaymentReceived":       {"debt.payment_received", "PaymentReceived", "debt"},
		"debt/payment_received":     {"debt.payment_received", "PaymentReceived", "debt"},
		"debt/PaymentReceived":      {"debt.payment_received", "PaymentReceived", "debt"},
		"CreditNoteIssued":          {"credit_note.issued", "Issued", "creditnote"}, // a known stream
		"credit_note/url_changed":   {"credit_note.url_changed", "URLChanged", "creditnote"},
		"HTTPRequest.CustomerIDSet": {"http_request.customer_id_set", "CustomerIDSet", "httprequest"},
	} {
		got, err := generators.ParseEvent(typed, false, "credit", "credit_note")
		if err != nil {
			t.Errorf("%s: %v", typed, err)
			continue
		}
		if got.Stored() != want.stored || got.Event.Go != want.goName || got.Stream.Package() != want.pkg {
			t.Errorf("%s: got %s, %s, %s; want %v", typed, got.Stored(), got.Event.Go, got.Stream.Package(), want)
		}
	}
}

func TestName_Spellings(t *testing.T) {
	name, err := generators.ParseStream("customer_api_id", false)
	if err != nil {
		t.Fatal(err)
	}
	got := []string{name.Snake, name.Go, name.Package(), name.Words(), name.Label(), name.Plural(), name.Path(), name.Local(), name.File("stream")}
	want := []string{
		"customer_api_id", "CustomerAPIID", "customerapiid", "customer API ID", "Customer API ID",
		"customer_api_ids", "/customer-api-ids", "customerAPIID", "customer_api_id",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("spellings differ (-want +got):\n%s", diff)
	}
}

func TestName_FileTraps(t *testing.T) {
	for typed, want := range map[string]string{
		"speed_test": "speed_test_stream", "host_linux": "host_linux_stream", "chip_amd64": "chip_amd64_stream",
		"word_js": "word_js_stream", "note_gen": "note_gen_stream", "page_templ": "page_templ_stream",
		"linux": "linux", "test": "test", "testing_ground": "testing_ground",
	} {
		name, err := generators.ParseStream(typed, true)
		if err != nil {
			t.Fatal(err)
		}
		if got := name.File("stream"); got != want {
			t.Errorf("%s: got file %s, want %s", typed, got, want)
		}
	}
}

func TestParseStream_IsSingular(t *testing.T) {
	for typed, want := range map[string]string{
		"Debts": "did you mean Debt? Say --keep-name", "categories": "did you mean category?", "people": "did you mean person?",
		"sales_people": "did you mean sales_person?", "boxes": "did you mean box?", "addresses": "did you mean address?",
		"invoices": "did you mean invoice?", "purchases": "did you mean purchase?", "statuses": "did you mean status?",
		"status": "", "bus": "", "address": "", "analysis": "", "series": "", "Debt": "", "lens": "", "invoice": "",
	} {
		_, err := generators.ParseStream(typed, false)
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: got %v, want %q", typed, err, want)
		}
		if _, err := generators.ParseStream(typed, true); err != nil {
			t.Errorf("%s is not kept: %v", typed, err)
		}
	}
}

func TestParseProjection_IsPlural(t *testing.T) {
	if _, err := generators.ParseProjection("debt_summary", false); err == nil || !strings.Contains(err.Error(), "did you mean debt_summaries?") {
		t.Errorf("got %v", err)
	}
	for _, typed := range []string{"debt_summaries", "DebtSummaries", "outstanding_balances"} {
		if _, err := generators.ParseProjection(typed, false); err != nil {
			t.Error(err)
		}
	}
}

// hostile are names that must not reach a file, whatever they are meant to be.
var hostile = []string{
	"", " ", "type", "func", "string", "len", "nil", "error", "any", "ça", "дебт", "ａ", "1st", "_x", "x_", "x__y", "-x", "x-y", "x y",
	"x\n", "x\x00", "`x`", `"x"`, "'x'", "../x", "..", "/etc/passwd", `..\x`, "{{x}}", "$(x)", "x;y", "x:y", "~x", "%s",
	strings.Repeat("a", 64), strings.Repeat("long_", 20) + "x",
}

func TestParse_RefusesHostileNames(t *testing.T) {
	for _, typed := range hostile {
		_, err := generators.ParseStream(typed, true)
		refused(t, "stream", typed, err)
		_, err = generators.ParseEvent("debt/"+typed, true)
		refused(t, "event", typed, err)
		_, err = generators.ParseEvent(typed+"/issued", true)
		refused(t, "stream of an event", typed, err)
		_, err = generators.ParseProjection(typed, true)
		refused(t, "projection", typed, err)
		_, err = generators.ParseField(typed + ":string")
		refused(t, "field", typed, err)
	}
	for _, typed := range []string{"debt", "debts", "Debt", "debt/issued/twice", "debt.issued.twice", "debt/", "/issued"} {
		_, err := generators.ParseEvent(typed, true)
		refused(t, "event", typed, err)
	}
	for _, typed := range []string{"time", "civil", "ireneo", "testing", "internal", "main", "com_plex", "events", "config", "rule", "t"} {
		_, err := generators.ParseStream(typed, true)
		refused(t, "stream", typed, err)
	}
}

func refused(t *testing.T, kind, typed string, err error) {
	t.Helper()
	if err == nil {
		t.Errorf("%s %q is accepted", kind, typed)
	}
}

func TestParseApp(t *testing.T) {
	name, err := generators.ParseApp("my-shop")
	if err != nil || name.Snake != "my_shop" {
		t.Errorf("got %v, %v", name, err)
	}
	for _, typed := range append(hostile, "my--shop", "shop-") {
		if typed == "x-y" {
			continue // applications may have dashes
		}
		_, err := generators.ParseApp(typed)
		refused(t, "application", typed, err)
	}
}

func TestCheckModule(t *testing.T) {
	for _, path := range []string{"shop", "example.com/shop", "github.com/Acme/my-shop_2", "example.com/shop/v2"} {
		if err := generators.CheckModule(path); err != nil {
			t.Error(err)
		}
	}
	for _, path := range []string{"", "/x", "x/", "x//y", "../x", "x/../y", "x/.", "x.", "a b", "x\ny", `x"y`, "std/x", "ä", "x@v1", strings.Repeat("a", 256)} {
		refused(t, "module", path, generators.CheckModule(path))
	}
}

// Whatever is accepted is an identifier of Go and a path that stays inside.
func FuzzParseEvent(f *testing.F) {
	for _, typed := range append(hostile, "debt/issued", "DebtIssued", "Credit_Note.URLSet", "x_linux/y_test") {
		f.Add(typed)
	}
	f.Fuzz(func(t *testing.T, typed string) {
		name, err := generators.ParseEvent(typed, true)
		if err != nil {
			return
		}
		for _, n := range []generators.Name{name.Stream, name.Event} {
			source := "package " + name.Stream.Package() + "\ntype " + n.Go + " struct{}\nfunc " + n.Local() + "() {}\n"
			if _, err := parser.ParseFile(token.NewFileSet(), "", source, parser.SkipObjectResolution); err != nil {
				t.Errorf("%q: %v in\n%s", typed, err, source)
			}
			if path := filepath.Join("app", n.Package(), n.File("event")+".go"); !filepath.IsLocal(path) || filepath.Dir(path) != filepath.Join("app", n.Package()) {
				t.Errorf("%q: the path %s leads elsewhere", typed, path)
			}
		}
	})
}
