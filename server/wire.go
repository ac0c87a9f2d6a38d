package server

import (
	"context"
	"encoding/json"
	"fmt"
	"mime"
	"net/http"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/ireneo-dev/ireneo"
	"github.com/ireneo-dev/ireneo/internal/refusal"
)

// wire is how followers are told.
type wire struct {
	media     string
	event     func(entry []byte, position int64) string // position 0: the append goes on
	live      func(position int64) string
	heartbeat string
}

// The media types of followers.
const (
	ndjson = "application/x-ndjson"
	sse    = "text/event-stream"
)

var wires = map[string]wire{
	ndjson: {
		media:     ndjson,
		event:     func(entry []byte, _ int64) string { return string(entry) + "\n" },
		live:      func(position int64) string { return fmt.Sprintf("{\"live\":true,\"position\":%d}\n", position) },
		heartbeat: "{\"heartbeat\":true}\n",
	},
	sse: {
		media: sse,
		event: func(entry []byte, position int64) string {
			id := ""
			if position > 0 {
				id = fmt.Sprintf("id: %d\n", position)
			}
			return id + "event: event\ndata: " + string(entry) + "\n\n"
		},
		live: func(position int64) string {
			return fmt.Sprintf("id: %d\nevent: live\ndata: {\"position\":%[1]d}\n\n", position)
		},
		heartbeat: ": heartbeat\n\n",
	},
}

// wireFor chooses by the Accept header: what weighs most, else what is named most exactly.
func wireFor(accept []string) (wire, error) {
	header := strings.Join(accept, ",")
	if strings.TrimSpace(header) == "" {
		return wires[ndjson], nil
	}
	best, most := "", 0.0
	for part := range strings.SplitSeq(header, ",") {
		media, params, err := mime.ParseMediaType(part)
		if err != nil {
			continue
		}
		weight, err := strconv.ParseFloat(params["q"], 64)
		if err != nil {
			weight = 1
		}
		if of, exact := offered(media); weight > 0 && weight+exact > most {
			best, most = of, weight+exact
		}
	}
	if best == "" {
		return wire{}, refusal.New(http.StatusNotAcceptable, "accept: "+header, "This comes as "+ndjson+" or as "+sse+".")
	}
	return wires[best], nil
}

// offered is what an accepted media type gets, and a little more weight where that is named.
func offered(media string) (wire string, exact float64) {
	switch media {
	case ndjson, sse:
		return media, 0.0002
	case "application/*":
		return ndjson, 0.0001
	case "text/*":
		return sse, 0.0001
	case "*/*":
		return ndjson, 0
	default:
		return "", -1
	}
}

// entry is the JSON of an event, with or without what is in it.
func entry(ev ireneo.AnyEvent, payload bool) ([]byte, error) {
	e, err := ireneo.EntryOf(ev)
	if err != nil {
		return nil, err
	}
	if payload {
		return json.Marshal(e)
	}
	return json.Marshal(struct {
		ireneo.Entry
		Data *struct{} `json:"data,omitempty"` // hides that of the entry
		Meta *struct{} `json:"meta,omitempty"`
	}{Entry: e})
}

// opened is an answer whose header goes out with its first piece.
type opened struct {
	*lasting

	media string
	begun bool
}

func (o *opened) write(text string) error {
	if !o.begun {
		o.begun = true
		h := o.echo.Response().Header()
		h.Set(echo.HeaderContentType, o.media)
		h.Add("Vary", "Accept")
		h.Set("X-Accel-Buffering", "no") // nginx would keep the events to itself
	}
	_, err := o.send([]byte(text))
	return gone(err)
}

func (o *opened) flush() error { return gone(supported(o.controller.Flush())) }

// gone is what it means that nothing can be sent any more, or not in time.
func gone(err error) error {
	if err != nil {
		err = fmt.Errorf("follow: %w: %w", context.Canceled, err)
	}
	return err
}

// say writes a piece and sends it at once.
func (o *opened) say(text string) error {
	if err := o.write(text); err != nil {
		return err
	}
	return o.flush()
}
