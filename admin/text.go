package admin

import (
	"strings"

	"github.com/ireneo-dev/ireneo"
)

// How many letters are shown of a text.
const (
	shortText = 160 // where there is room
	wordText  = 60  // in short
)

// cutText is the beginning of a text, with an ellipsis where it goes on.
func cutText(text string, most int) string {
	n := 0
	for i := range text {
		if n == most {
			return text[:i] + "…"
		}
		n++
	}
	return text
}

// preview is the beginning of a payload.
func preview(e ireneo.StoredEvent) string {
	if e.Event == nil || e.Problem != "" {
		return ""
	}
	const most = 140 // characters, of four bytes at most
	return cutText(strings.ToValidUTF8(string(e.Data[:min(len(e.Data), 4*most)]), ""), most)
}
