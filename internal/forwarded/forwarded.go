// Package forwarded remembers what proxies have said of a request, after the headers that
// say it were taken away because nobody may believe them. Not to believe a header is one
// thing; to take a request for one of this machine, although a proxy handed it on, another.
package forwarded

import (
	"context"
	"net/http"
)

// Headers are those by which a proxy says who asked it, and how.
var Headers = []string{
	"Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Port", "X-Forwarded-Proto",
	"X-Forwarded-Protocol", "X-Forwarded-Ssl", "X-Real-Ip", "X-Url-Scheme",
}

type key struct{}

// Remember returns a context that keeps what the headers say. Nothing is kept where they
// say nothing.
func Remember(ctx context.Context, h http.Header) context.Context {
	var said http.Header
	for _, name := range Headers {
		if values := h.Values(name); len(values) > 0 {
			if said == nil {
				said = http.Header{}
			}
			said[http.CanonicalHeaderKey(name)] = values
		}
	}
	if said == nil {
		return ctx
	}
	return context.WithValue(ctx, key{}, said)
}

// Said is all that proxies have said of a request, believed or not.
func Said(r *http.Request) http.Header {
	said, _ := r.Context().Value(key{}).(http.Header)
	all := said.Clone()
	if all == nil {
		all = http.Header{}
	}
	for _, name := range Headers {
		for _, value := range r.Header.Values(name) {
			all.Add(name, value)
		}
	}
	return all
}
