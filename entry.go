package ireneo

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/ireneo-dev/ireneo/internal/mask"
)

// Entry is a persisted event as other programs are told of it. Its JSON is stable.
type Entry struct {
	Position   int64           `json:"position"`
	Stream     string          `json:"stream"` // type/id
	Version    int64           `json:"version"`
	ID         uuid.UUID       `json:"id"`
	Type       string          `json:"type"` // the stored name
	RecordedAt time.Time       `json:"recorded_at"`
	OccurredAt time.Time       `json:"occurred_at"`
	Data       json.RawMessage `json:"data"` // the payload, its sensitive fields masked
	Meta       json.RawMessage `json:"meta"`
}

// EntryOf describes a persisted event. What is sensitive in a type this program does not
// know cannot be known either: the payload of a *RawEvent is null.
func EntryOf(ev AnyEvent) (Entry, error) {
	r := ev.event().facts().record
	e := Entry{
		Position: r.Position, Stream: r.Stream.Type + "/" + r.Stream.ID, Version: r.Version, ID: r.EventID, Type: r.Type,
		RecordedAt: r.RecordedAt, OccurredAt: r.OccurredAt, Data: json.RawMessage("null"), Meta: json.RawMessage(r.Meta),
	}
	if len(e.Meta) == 0 {
		e.Meta = json.RawMessage("{}")
	}
	if _, unknown := ev.(*RawEvent); unknown {
		return e, nil
	}
	var err error
	if e.Data, err = mask.JSON(ev); err != nil {
		return Entry{}, fmt.Errorf("describe %s: %w", r.Type, err)
	}
	return e, nil
}
