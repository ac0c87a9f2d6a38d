package form_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ireneo-dev/ireneo"
	"github.com/ireneo-dev/ireneo/form"
	"github.com/ireneo-dev/ireneo/ireneotest"
)

var anything = &ireneo.Stream{Type: "anything", Purpose: "Whatever is accepted"}

// What is accepted, appended and replayed is what was decoded; and what was sent stays.
func FuzzDecode(f *testing.F) {
	for _, body := range []string{
		complete().Encode(), with("story", "\u202eemoji 😀 {{ ` <script>").Encode(), with("maybe_dec", "-0.00000001").Encode(),
		with("share", "0.1").Encode(), with("natural", "-0").Encode(), with("maybe_at", "2026-01-31T14:30:05.123456789+14:00").Encode(),
		with("level", "3", "3").Encode(), with("ref", "{0190163d8694739baea5966c26f8ad91}").Encode(), "a=%00&name=%ff",
	} {
		f.Add(uint8(0), body)
	}
	for _, more := range []string{``, `,"share":-0`, `,"story":"\ud83d\ude00\u2028"`, `,"nick":"\ud800"`, `,"maybe_yes":false`, `,"x":[{}]`} {
		f.Add(uint8(1), jsonStart+more+"}")
	}
	f.Add(uint8(2), "--x\r\nContent-Disposition: form-data; name=\"name\"\r\n\r\nAna\r\n--x--\r\n")
	log := ireneotest.SQLite(f, ireneo.Config{Streams: []*ireneo.Stream{anything}, Events: []ireneo.EventType{ireneo.TypeOf[Everything]()}})
	runs := 0

	kinds := []string{urlencoded, "application/json", "multipart/form-data; boundary=x"}
	f.Fuzz(func(t *testing.T, kind uint8, body string) {
		ev := &Everything{}
		got, err := form.Decode(request(kinds[int(kind)%len(kinds)], body), ev)
		if err != nil {
			if !errors.Is(err, form.ErrMalformed) && !errors.Is(err, form.ErrMediaType) {
				t.Fatalf("got %v", err)
			}
			return
		}
		if !got.Valid() {
			return
		}
		decoded := encode(t, got.Event())
		if diff := cmp.Diff(decoded, encode(t, ev)); diff != "" {
			t.Fatalf("Event makes another (-event +decoded):\n%s", diff)
		}

		runs++
		h := anything.In(log).For(fmt.Sprint(runs))
		if err := h.Append(t.Context(), ev); errors.Is(err, ireneo.ErrInvalid) {
			return
		} else if err != nil {
			t.Fatal(err)
		}
		for replayed, err := range h.Events(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(decoded, encode(t, replayed)); diff != "" {
				t.Fatalf("replayed differs (-decoded +replayed):\n%s", diff)
			}
		}
	})
}

func encode(t *testing.T, ev form.Fillable) string {
	t.Helper()
	data, err := json.Marshal(ev)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}
