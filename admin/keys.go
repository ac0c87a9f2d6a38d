package admin

import (
	"strings"
	"unicode/utf8"

	"github.com/ireneo-dev/ireneo/internal/refusal"
)

// The parameters of a page of a list in the order of keys, beside after and before.
const (
	prefixParam = "prefix" // what keys begin with
	lastParam   = "last"   // 1: the end of the list
)

// keyPager is where the other pages of such a list are; an empty path is no page.
type keyPager struct {
	First    string `json:"first,omitempty"`
	Previous string `json:"previous,omitempty"`
	Next     string `json:"next,omitempty"`
	Last     string `json:"last,omitempty"`
}

// keyRange is which part of the list the query asks for: what comes behind a key, or
// backwards before it.
type keyRange struct {
	prefix, from string
	backwards    bool
}

func (v *visit) keyRange() (r keyRange, err error) {
	query := v.URL.Query()
	for _, param := range []string{prefixParam, afterParam, beforeParam} {
		if text := query.Get(param); !utf8.ValidString(text) || strings.Contains(text, "\x00") {
			return r, refusal.BadRequest("%s is no text that a key can have.", param)
		}
	}
	r = keyRange{prefix: query.Get(prefixParam), from: query.Get(afterParam)}
	if before := query.Get(beforeParam); before != "" || query.Get(lastParam) == "1" {
		r.from, r.backwards = before, true
	}
	return r, nil
}

// keyPager leads from a page with some keys to the others. On the side that was read to,
// more says whether there are any; on the other there is what the page was asked to begin at.
func (v *visit) keyPager(r keyRange, keys []string, more bool) (p keyPager) {
	first, last := r.from, r.from // where the page is, if nothing is on it
	if len(keys) > 0 {
		first, last = keys[0], keys[len(keys)-1]
	}
	to := func(param, key string) string {
		return v.with(afterParam, "", beforeParam, "", lastParam, "", param, key)
	}
	if r.backwards && more || !r.backwards && r.from != "" {
		p.First, p.Previous = to(afterParam, ""), to(beforeParam, first)
	}
	if !r.backwards && more || r.backwards && r.from != "" {
		p.Next, p.Last = to(afterParam, last), to(lastParam, "1")
	}
	return p
}
