package admin

import (
	"encoding/json"

	"github.com/ireneo-dev/ireneo"
)

// actorOf is who recorded an event.
func actorOf(e ireneo.StoredEvent) string { return metaOf(e, ireneo.ActorKey) }

// metaIs selects the events whose meta has a value.
func metaIs(key, value string) []ireneo.Condition {
	return []ireneo.Condition{{Field: "meta." + key, Op: "=", Value: value}}
}

// metaOf is the text of a key of an event's meta, empty where there is none.
func metaOf(e ireneo.StoredEvent, key string) string {
	var fields map[string]json.RawMessage
	if json.Unmarshal(e.Meta, &fields) != nil || fields[key] == nil {
		return ""
	}
	var text string
	if json.Unmarshal(fields[key], &text) == nil {
		return text
	}
	return string(fields[key])
}
