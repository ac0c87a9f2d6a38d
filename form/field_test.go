package form_test

import (
	"html"
	"regexp"
	"strings"
	"testing"

	"github.com/a-h/templ"
	"github.com/google/go-cmp/cmp"

	"github.com/ireneo-dev/ireneo/form"
)

func render(t *testing.T, c templ.Component) string {
	t.Helper()
	var b strings.Builder
	if err := c.Render(t.Context(), &b); err != nil {
		t.Fatal(err)
	}
	return strings.NewReplacer("> ", ">", " <", "<").Replace(b.String())
}

// An empty field of each type, as a browser gets it.
var empty = map[string]string{
	"name":      `<div class="field"><label for="e-name">Name</label><input autocomplete="off" id="e-name" maxlength="50" minlength="2" name="name" required type="text" value="">`,
	"email":     `<label for="e-email">Email<span class="optional">optional</span></label><input autocomplete="off" id="e-email" maxlength="200" name="email" type="email" value="">`,
	"site":      `type="url"`,
	"story":     `<textarea id="e-story" maxlength="2000000" name="story" rows="4">` + "\n</textarea>",
	"color":     `<label for="e-color">Colour</label><select id="e-color" name="color" required><option value="">Choose …</option><option value="red">Red</option><option value="dark_green">Dark green</option><option value="deep blue">Deep blue</option></select>`,
	"level":     `<select id="e-level" name="level"><option value="">None</option><option value="1">1</option>`,
	"count":     `<div class="field amount"><label for="e-count">Count</label><input autocomplete="off" id="e-count" inputmode="numeric" max="100" min="1" name="count" required type="number" value="">`,
	"natural":   `inputmode="numeric" name="natural" type="number"`,
	"share":     `inputmode="decimal" name="share" type="text"`,
	"amount":    `<div class="field amount"><label for="e-amount">Amount</label><input autocomplete="off" id="e-amount" inputmode="decimal" name="amount" placeholder="1,234.56" required type="text" value="">`,
	"rate":      `inputmode="decimal" name="rate" required type="text"`,
	"agreed":    `<div class="field check"><div class="box"><input type="checkbox" id="e-agreed" name="agreed" value="yes"><label for="e-agreed">Agreed</label></div></div>`,
	"on":        `<input autocomplete="off" id="e-on" max="2199-12-31" min="1900-01-01" name="on" required type="date" value="">`,
	"at":        `<label for="e-at">Moment<span class="optional">UTC</span></label><input autocomplete="off" id="e-at" max="2199-12-31T23:59" min="1900-01-01T00:00" name="at" required type="datetime-local" value="">`,
	"ref":       `name="ref" type="text"`,
	"nick":      `<span class="optional">optional</span></label><input autocomplete="off" id="e-nick" maxlength="10" name="nick" type="text" value="">`,
	"maybe_yes": `<select id="e-maybe_yes" name="maybe_yes"><option value="">None</option><option value="yes">Yes</option><option value="no">No</option></select>`,
	"maybe_on":  `type="date"`,
	"maybe_at":  `UTC</span><span class="optional">optional</span></label>`,
}

func TestField_Empty(t *testing.T) {
	f := form.New(&Everything{})
	f.Name = "e"
	for name, want := range empty {
		if got := render(t, f.Field(name)); !strings.Contains(got, want) {
			t.Errorf("%s: got\n%s\nwant in it\n%s", name, got, want)
		}
	}
}

func TestField_Refused(t *testing.T) {
	body := with("amount", "ten")
	body.Set("count", "many")
	body.Set("on", "31.1.2026")
	body.Set("at", "noon")
	body.Set("color", "mauve")
	body.Set("story", "\nfirst line is empty")
	body.Set("agreed", "yes")
	_, f := post(t, body)
	f.Name = "e"
	for name, want := range map[string]string{
		"amount": `<input aria-describedby="e-amount-error e-amount-hint" aria-invalid="true" autocomplete="off" id="e-amount" inputmode="decimal" name="amount" placeholder="1,234.56" required type="text" value="ten">` +
			`<div class="error" id="e-amount-error"><p>Amount must be an amount such as 1,234.56</p></div><p class="hint" id="e-amount-hint">In euros</p>`,
		"count":  `type="text" value="many"`, // an input for numbers would show nothing
		"on":     `type="text" value="31.1.2026"`,
		"at":     `type="text" value="noon"`,
		"color":  `<select aria-describedby="e-color-error e-color-hint" aria-invalid="true" autofocus id="e-color"`,
		"story":  ">\n\nfirst line is empty</textarea>",
		"agreed": `value="yes" checked>`,
	} {
		if got := render(t, f.Field(name, form.Hint("In euros"))); !strings.Contains(got, want) {
			t.Errorf("%s: got\n%s\nwant in it\n%s", name, got, want)
		}
	}
}

func TestField_Options(t *testing.T) {
	f := form.New(&Everything{Color: "red"})
	got := render(t, f.Field("color", form.Words(map[string]string{"red": "Ruby <3"}), form.Hint("a < b")))
	for _, want := range []string{`<option value="red" selected>Ruby &lt;3</option>`, `aria-describedby="test-everything_happened-color-hint"`, `a &lt; b`} {
		if !strings.Contains(got, want) {
			t.Errorf("got\n%s\nwant in it\n%s", got, want)
		}
	}
	f.Set("name", "b<")
	chosen := render(t, f.Field("name", form.Choices(form.Choice{Value: "a", Word: "Ana"}, form.Choice{Value: "b<", Word: "Bo <3"})))
	for _, want := range []string{`<div class="field">`, `<select`, `<option value="a">Ana</option>`, `<option value="b&lt;" selected>Bo &lt;3</option>`, `Choose …`} {
		if !strings.Contains(chosen, want) {
			t.Errorf("got\n%s\nwant in it\n%s", chosen, want)
		}
	}
	if got := render(t, f.Field("amount", form.Placeholder("9.99"))); !strings.Contains(got, `placeholder="9.99"`) {
		t.Errorf("got\n%s", got)
	}
	if err := f.Field("source").Render(t.Context(), &strings.Builder{}); err == nil {
		t.Error("a field that is not the form's is shown")
	}
}

func TestHidden(t *testing.T) {
	f := form.New(&Everything{})
	want := `<input type="hidden" name="_key" value="` + f.Key() + `">`
	if diff := cmp.Diff(want, render(t, f.Hidden())); diff != "" {
		t.Errorf("without a version (-want +got):\n%s", diff)
	}
	f.SetVersion(7)
	if diff := cmp.Diff(want+`<input type="hidden" name="_version" value="7">`, render(t, f.Hidden())); diff != "" {
		t.Errorf("with a version (-want +got):\n%s", diff)
	}
}

func TestProblems(t *testing.T) {
	f := form.New(&Everything{})
	f.Name = "e"
	if got := render(t, f.Problems()); got != "" {
		t.Errorf("nothing is wrong, got %s", got)
	}
	f.Add("", "The account is closed")
	f.Add("count", "is odd")
	want := `<div class="notice bad" role="alert"><p>The account is closed</p><ul><li><a href="#e-count">Count is odd</a></li></ul></div>`
	if diff := cmp.Diff(want, render(t, f.Problems())); diff != "" {
		t.Errorf("problems differ (-want +got):\n%s", diff)
	}
}

// hostile is what people send who want a page to do something.
var hostile = map[string]string{
	"script":    `<script>alert(1)</script>`,
	"attribute": `" autofocus onfocus=alert(1) x="`,
	"end":       `</textarea></select><img src=x onerror=alert(1)>`,
	"url":       `javascript:alert(1)`,
	"right":     "abc\u202egpj.exe\u2066",
	"emoji":     "👩‍👩‍👧‍👦 é 漢",
	"template":  `{{ .Secret }} ${7*7}`,
	"backticks": "`id` \\ 'x'",
}

func TestFields_ShowHostileTextAsText(t *testing.T) {
	for kind, text := range hostile {
		t.Run(kind, func(t *testing.T) {
			for name := range empty {
				body := with(name, text)
				body.Set(text[:min(len(text), 30)], "")
				body.Set("_key", text)
				_, f := post(t, body)
				page := render(t, f.Field(name, form.Hint(text))) + render(t, f.Problems()) + render(t, f.Hidden())
				if found := markup.FindString(page); found != "" {
					t.Errorf("%s: %q is in %.300s", name, found, page)
				}
			}
		})
	}
}

func TestField_KeepsAMebibyte(t *testing.T) {
	text := strings.Repeat("<&>'", 1<<18)
	for _, name := range []string{"name", "story"} {
		_, f := post(t, with(name, text))
		if got := render(t, f.Field(name)); strings.Contains(got, "<&") || !strings.Contains(html.UnescapeString(got), text) {
			t.Errorf("%s: the text is not shown as text", name)
		}
	}
}

// markup is what a browser would make more of than text.
var markup = regexp.MustCompile(`<(script|img)|" (onfocus|onerror)|(href|src)="[^#]|<[&>]`)
