package admin

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"strconv"
	"strings"

	"github.com/ireneo-dev/ireneo"
	"github.com/ireneo-dev/ireneo/internal/refusal"
	"github.com/ireneo-dev/ireneo/internal/table"
)

// exported is how many events an export reads at once.
const exported = 100

// exportNDJSON writes all events that a search finds, one a line.
func (a *admin) exportNDJSON(v *visit, w *longAnswer) error {
	return a.export(v, w, "application/x-ndjson", ".ndjson", func(pages iter.Seq2[[]ireneo.StoredEvent, error]) error {
		for page, err := range pages {
			if err != nil {
				_ = json.NewEncoder(w).Encode(map[string]string{"error": cutOff(err)})
				_ = w.flush() // as far as it can be
				return err
			}
			if err := writeLines(w, page); err != nil {
				return err
			}
		}
		return nil
	})
}

func writeLines(w *longAnswer, events []ireneo.StoredEvent) error {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	for i := range events {
		if err := enc.Encode(&events[i]); err != nil {
			return err
		}
		if b.Len() > 64<<10 || i == len(events)-1 { // pieces that a slow client can take in time
			if _, err := w.Write(b.Bytes()); err != nil {
				return err
			}
			b.Reset()
		}
	}
	return w.flush()
}

// exportColumns are those of a table of events.
var exportColumns = []string{
	"position", "ordinal", "stream_type", "stream_id", "version", "id", "type", "recorded_at", "occurred_at", "payload", "meta",
}

// exportCSV writes them as a table for spreadsheets.
func (a *admin) exportCSV(v *visit, w *longAnswer) error {
	return a.export(v, w, "text/csv; charset=utf-8", ".csv", func(pages iter.Seq2[[]ireneo.StoredEvent, error]) error {
		var broken error
		err := table.WriteCSV(w, exportColumns, func(yield func([]string, error) bool) {
			for page, err := range pages {
				if err != nil {
					broken = err
					yield(append([]string{"error: " + cutOff(err)}, make([]string, len(exportColumns)-1)...), nil)
					return
				}
				for _, e := range page {
					if !yield(exportRow(e), nil) {
						return
					}
				}
			}
		})
		if err == nil && broken != nil {
			_ = w.flush() // as far as it can be
			err = broken
		}
		return err
	})
}

func exportRow(e ireneo.StoredEvent) []string {
	typ, id, _ := strings.Cut(e.Stream, "/")
	return []string{
		strconv.FormatInt(e.Position, 10), strconv.Itoa(e.Ordinal), typ, id, strconv.FormatInt(e.Version, 10), e.ID.String(), e.Type,
		exactly(e.RecordedAt), exactly(e.OccurredAt), string(e.Data), string(e.Meta),
	}
}

// cutOff tells whoever reads a file that it is not whole.
func cutOff(err error) string {
	why := judge(err)
	switch {
	case errors.Is(err, context.Canceled):
		why.Detail = "The server has stopped it. Begin again in a moment."
	case why.ID != "":
		why.Detail = "Something went wrong. The log of the process says more."
	}
	return "the export ends here and is not complete. " + why.Detail
}

// export finds the first events before anything is sent, so that mistakes are a page, and
// hands all of them to write, a page at a time.
func (a *admin) export(v *visit, w *longAnswer, contentType, ending string, write func(iter.Seq2[[]ireneo.StoredEvent, error]) error) error {
	q, err := queryIn(v.URL.Query())
	if err != nil {
		return asRefusal(err)
	}
	s, err := q.search(v.now)
	if err != nil {
		return asRefusal(err)
	}
	s.Oldest, s.Limit = v.URL.Query().Get(oldestParam) == "1", exported
	if s.Before, err = a.end(v.Context()); err != nil {
		return err
	}
	first, err := a.log.Search(v.Context(), s)
	if err != nil {
		return err
	}

	w.Header().Set("Content-Type", contentType)
	w.Header().Set("Content-Disposition", fmt.Sprintf(`attachment; filename="events-%s%s"`, v.now.Format("20060102-150405"), ending))
	w.begun = true // what is wrong from here on is no page
	w.WriteHeader(http.StatusOK)
	if err := w.flush(); err != nil {
		return err
	}
	return write(a.allFound(v.Context(), s, first))
}

// asRefusal is a mistake in a query as an answer.
func asRefusal(err error) error {
	if wrong, ok := mistake(err); ok {
		return refusal.BadRequest("%s", wrong)
	}
	return err
}

// end is the point before which everything is that the log has now, so that an export ends
// although the log goes on.
func (a *admin) end(ctx context.Context) (ireneo.Point, error) {
	found, err := a.log.Search(ctx, ireneo.Search{Limit: 1})
	if err != nil || len(found.Events) == 0 {
		return ireneo.Point{}, err
	}
	return past(found.Events[0].Position), nil
}

// allFound yields what a search finds page by page. It goes on where the search gives up.
func (a *admin) allFound(ctx context.Context, s ireneo.Search, found *ireneo.Found) iter.Seq2[[]ireneo.StoredEvent, error] {
	return func(yield func([]ireneo.StoredEvent, error) bool) {
		for {
			if !yield(found.Events, nil) || !found.More && found.Stopped == nil {
				return
			}
			next := &s.Before
			if s.Oldest {
				next = &s.After
			}
			if found.Stopped != nil {
				*next = *found.Stopped
			} else {
				*next = found.Events[len(found.Events)-1].Point()
			}
			var err error
			if found, err = a.log.Search(ctx, s); err != nil {
				yield(nil, err)
				return
			}
		}
	}
}
