package admin

import (
	"net/url"
	"strings"
)

// twin is the ending under which a page is there for programs.
const twin = ".json"

// fileEndings are those that a last segment must not have by chance.
var fileEndings = []string{twin, ".csv", ".ndjson"}

// path is the path of one of our pages. Each segment may hold any character; see segment.
func (v *visit) path(segments ...string) string { return v.admin.path(segments...) }

func (a *admin) path(segments ...string) string {
	if len(segments) == 0 && a.config.Path == "" {
		return "/"
	}
	path := a.config.Path
	for _, s := range segments {
		path += "/" + escape(s)
	}
	return path
}

// escape writes anything as one segment of a path. Browsers take . and .. away, however
// they are escaped, so these are written with a tilde before them, and what begins with a
// tilde too. A name that ends like a file has its last dot escaped, so that it is none.
func escape(segment string) string {
	if segment == "." || segment == ".." || strings.HasPrefix(segment, "~") {
		segment = "~" + segment
	}
	escaped := url.PathEscape(segment)
	for _, ending := range fileEndings {
		if before, found := strings.CutSuffix(escaped, ending); found {
			return before + "%2E" + ending[1:]
		}
	}
	return escaped
}

// segment is what escape was given, from a wildcard of the route.
func (v *visit) segment(name string) string { return strings.TrimPrefix(v.PathValue(name), "~") }

// with is this page, or its twin, with parameters of its query changed; an empty value
// removes one.
func (v *visit) with(pairs ...string) string {
	query := v.URL.Query()
	query.Del(doneParam)
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] == "" {
			query.Del(pairs[i])
		} else {
			query.Set(pairs[i], pairs[i+1])
		}
	}
	if v.json {
		return v.twinPath(query)
	}
	return withQuery(v.URL.EscapedPath(), query)
}

// link is a path with a query of pairs, without those whose value is empty.
func link(path string, pairs ...string) string {
	query := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			query.Add(pairs[i], pairs[i+1])
		}
	}
	return withQuery(path, query)
}

func withQuery(path string, query url.Values) string {
	if len(query) == 0 {
		return path
	}
	return path + "?" + query.Encode()
}

// twin is where this page is for programs.
func (v *visit) twin() string {
	query := v.URL.Query()
	query.Del(doneParam)
	return v.twinPath(query)
}

func (v *visit) twinPath(query url.Values) string {
	path := v.URL.EscapedPath()
	if path == v.admin.config.Path {
		path += "/" // hosts hand on what is below the mount
	}
	return withQuery(path+twin, query)
}
