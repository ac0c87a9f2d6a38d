package form_test

import (
	"bytes"
	"errors"
	"fmt"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ireneo-dev/ireneo/form"
)

const jsonStart = `{"name":"Ana","color":"red","count":1,"amount":"1","rate":0.5,"on":"2026-01-31","at":"2026-01-31T14:30:00Z"`

func TestDecode_JSON(t *testing.T) {
	deep := strings.Repeat("[", 30) + strings.Repeat("]", 30)
	for more, want := range map[string]map[string]string{
		``:                               nil,
		`,"agreed":true`:                 nil,
		`,"maybe_int":null`:              nil,
		`,"maybe_dec":"1.25"`:            nil,
		`,"nick":"\ud83d\ude00 \\u0000"`: nil,
		`,"story":"<\u2028>"`:            nil,
		`,"nick":1`:                      {"nick": "Nick must be text"},
		`,"nick":{"a":1}`:                {"nick": "Nick must be text"},
		`,"nick":"\ud800"`:               {"nick": "Nick has characters that cannot be stored"},
		`,"nick":"\u0000"`:               {"nick": "Nick must not contain the character U+0000"},
		`,"maybe_int":1.5`:               {"maybe_int": "Maybe int must be a whole number such as 42"},
		`,"maybe_int":true`:              {"maybe_int": "Maybe int must be a whole number such as 42"},
		`,"maybe_pay":100`:               {"maybe_pay": `Maybe pay must be text such as "1,234.56"`},
		`,"maybe_pay":[]`:                {"maybe_pay": "Maybe pay must be an amount such as 1,234.56"},
		`,"maybe_dec":1e9`:               {"maybe_dec": "Maybe dec must be a number such as 4.25"},
		`,"maybe_on":20260131`:           {"maybe_on": "Maybe on must be a date such as 2026-01-31"},
		`,"agreed":1`:                    {"agreed": "Agreed must be yes or no"},
		`,"agreed":` + deep:              {"agreed": "Agreed must be yes or no"},
		`,"name":"Bo"`:                   {"": "This field was sent more than once: name"},
		`,"n\u0061me":"Bo"`:              {"": "This field was sent more than once: name"},
		`,"unknown":{"a":[1,{}]}`:        {"": "This form has no such field: unknown"},
		`,"meta":{"actor":"root"}`:       {"": "This cannot be set by a form: meta"},
		`,"Event":{}`:                    {"": "This form has no such field: Event"},
		`,"NAME":"x"`:                    {"": "This form has no such field: NAME"},
	} {
		ev, f := decode(t, "application/json; charset=UTF-8", jsonStart+more+"}")
		for field, message := range want {
			if diff := cmp.Diff([]string{message}, f.Messages(field)); diff != "" {
				t.Errorf("%s: messages on %q differ (-want +got):\n%s", more, field, diff)
			}
		}
		if f.Valid() != (want == nil) || ev.Name != "Ana" || ev.Rate.String() != "0.5" || ev.Count != 1 {
			t.Errorf("%s: valid %v, got %q %s %d", more, f.Valid(), ev.Name, ev.Rate, ev.Count)
		}
	}
}

func TestDecode_JSON_EmptyIsMissing(t *testing.T) {
	_, f := decode(t, "application/json", `{"name":null,"_version":3}`)
	if got, err := f.Version(); got != 3 || err != nil {
		t.Errorf("version: got %d, %v", got, err)
	}
	if diff := cmp.Diff([]string{"Name is required"}, f.Messages("name")); diff != "" {
		t.Errorf("messages differ (-want +got):\n%s", diff)
	}
}

func TestDecode_ErrMalformed(t *testing.T) {
	parts := "multipart/form-data; boundary=x"
	for _, tt := range []struct{ contentType, body string }{
		{urlencoded, "a=%zz"},
		{urlencoded, "a=1;b=2"},
		{"application/json", ""},
		{"application/json", "[]"},
		{"application/json", "null"},
		{"application/json", `"text"`},
		{"application/json", `{"name":`},
		{"application/json", `{"name":"Ana",}`},
		{"application/json", `{"name" "Ana"}`},
		{"application/json", `{name:1}`},
		{"application/json", `{} {}`},
		{"application/json", `{}x`},
		{"application/json", "{\"name\":\"\xff\"}"},
		{"application/json", `{"name":` + strings.Repeat("[", 32) + strings.Repeat("]", 32) + "}"},
		{"application/json", `{"name":` + strings.Repeat(`{"a":`, 100_000)},
		{"multipart/form-data", ""},
		{parts, "nothing"},
		{parts, "--x\r\nContent-Disposition: form-data; name=\"name\"\r\n\r\nAna"},
	} {
		_, err := form.Decode(request(tt.contentType, tt.body), &Everything{})
		if !errors.Is(err, form.ErrMalformed) {
			t.Errorf("%s %.40q: got %v, want ErrMalformed", tt.contentType, tt.body, err)
		}
	}
}

func TestDecode_ErrMediaType(t *testing.T) {
	for _, contentType := range []string{"", "text/plain", "application/xml", "application/jsonp", "nonsense/", urlencoded + "; charset=latin1"} {
		_, err := form.Decode(request(contentType, "name=Ana"), &Everything{})
		if !errors.Is(err, form.ErrMediaType) {
			t.Errorf("%q: got %v, want ErrMediaType", contentType, err)
		}
	}
}

func TestErrors_StatusCode(t *testing.T) {
	for err, want := range map[error]int{form.ErrMalformed: http.StatusBadRequest, form.ErrMediaType: http.StatusUnsupportedMediaType} {
		var status interface{ StatusCode() int }
		if !errors.As(fmt.Errorf("wrapped: %w", err), &status) || status.StatusCode() != want {
			t.Errorf("%v does not say %d", err, want)
		}
	}
}

func TestDecode_BodyLimits(t *testing.T) {
	for contentType, body := range map[string]string{
		urlencoded:                        "name=" + strings.Repeat("a", 2000),
		"application/json":                `{"name":"` + strings.Repeat("a", 2000) + `"}`,
		"multipart/form-data; boundary=x": "--x\r\nContent-Disposition: form-data; name=\"name\"\r\n\r\n" + strings.Repeat("a", 2000) + "\r\n--x--\r\n",
	} {
		r := request(contentType, body)
		r.Body = http.MaxBytesReader(httptest.NewRecorder(), r.Body, 1000)
		_, err := form.Decode(r, &Everything{})
		if limit, ok := errors.AsType[*http.MaxBytesError](err); !ok || limit.Limit != 1000 {
			t.Errorf("%s: got %v, want a MaxBytesError of 1000", contentType, err)
		}
	}

	_, err := form.Decode(request(urlencoded, strings.Repeat("a", 11<<20)), &Everything{})
	if limit, ok := errors.AsType[*http.MaxBytesError](err); !ok || limit.Limit != 10<<20 {
		t.Errorf("no limit of the server: got %v", err)
	}
}

// parts writes a multipart body; a name that begins with @ is a file.
func parts(t *testing.T, fields ...string) (contentType, body string) {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for i := 0; i+1 < len(fields); i += 2 {
		if name, isFile := strings.CutPrefix(fields[i], "@"); isFile {
			part, err := w.CreateFormFile(name, "x.txt")
			if err != nil {
				t.Fatal(err)
			}
			fmt.Fprint(part, fields[i+1])
		} else if err := w.WriteField(fields[i], fields[i+1]); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return w.FormDataContentType(), b.String()
}

func TestDecode_Multipart(t *testing.T) {
	fields := []string{"name", "Ana", "color", "red", "count", "1", "amount", "1,000", "rate", "0", "on", "2026-01-31", "at", "2026-01-31T14:30", "_version", "4"}
	contentType, body := parts(t, fields...)
	ev, f := decode(t, contentType, body)
	if !f.Valid() || ev.Amount != 100_000 {
		t.Errorf("valid %v, amount %d", f.Valid(), ev.Amount)
	}
	for want, more := range map[string][]string{
		"Files cannot be sent with this form":       {"@name", "text"},
		"This field was sent more than once: name":  {"name", "Bo"},
		"This form has no such field: unknown":      {"unknown", "1"},
		"This cannot be set by a form: recorded_at": {"recorded_at", "1"},
	} {
		contentType, body := parts(t, append(fields, more...)...)
		if _, f := decode(t, contentType, body); f.Valid() || !cmp.Equal(f.Messages(""), []string{want}) {
			t.Errorf("%v: got %v, want %q", more, f.Messages(""), want)
		}
	}
}

func TestDecode_AfterSomebodyElseParsed(t *testing.T) {
	contentType, body := parts(t, "name", "Ana", "@file", "x")
	for _, r := range []*http.Request{request(urlencoded, "name=Ana"), request(contentType, body)} {
		if err := r.ParseMultipartForm(1 << 20); err != nil && !errors.Is(err, http.ErrNotMultipart) {
			t.Fatal(err)
		}
		ev := &Everything{}
		if f, err := form.Decode(r, ev); err != nil || ev.Name != "Ana" || f.Value("amount") != "" {
			t.Errorf("got %v, name %q, amount %q", err, ev.Name, f.Value("amount"))
		}
	}
}
