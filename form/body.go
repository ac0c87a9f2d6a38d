package form

import (
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// maxBody bounds what is read where the server sets no limit, as net/http does.
const maxBody = 10 << 20

// read gives the fields of the body as they came, repeated ones included.
func read(r *http.Request) ([]sent, error) {
	kind, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMediaType, err)
	}
	if charset := params["charset"]; charset != "" && !strings.EqualFold(charset, "utf-8") {
		return nil, fmt.Errorf("%w: charset %s", ErrMediaType, charset)
	}

	switch kind {
	case "application/x-www-form-urlencoded":
		return readURLEncoded(r)
	case "multipart/form-data":
		return readMultipart(r, params["boundary"])
	case "application/json":
		body, err := readAll(r)
		if err != nil {
			return nil, err
		}
		return readJSON(body)
	default:
		return nil, fmt.Errorf("%w: %s", ErrMediaType, kind)
	}
}

// readURLEncoded takes the body, or what somebody before us has read from it.
func readURLEncoded(r *http.Request) ([]sent, error) {
	if r.PostForm != nil {
		return flatten(r.PostForm), nil
	}
	body, err := readAll(r)
	if err != nil {
		return nil, err
	}
	values, err := url.ParseQuery(string(body))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	return flatten(values), nil
}

func readMultipart(r *http.Request, boundary string) ([]sent, error) {
	if r.MultipartForm != nil {
		fields := flatten(r.MultipartForm.Value)
		for name := range r.MultipartForm.File {
			fields = append(fields, sent{name: name, literal: file})
		}
		return fields, nil
	}

	if boundary == "" {
		return nil, fmt.Errorf("%w: no boundary", ErrMalformed)
	}
	var fields []sent
	parts := multipart.NewReader(limited(r), boundary)
	for {
		part, err := parts.NextRawPart()
		if errors.Is(err, io.EOF) && len(fields) > 0 {
			return fields, nil
		}
		if err != nil {
			return nil, unread(err)
		}
		s, err := readPart(part)
		if err != nil {
			return nil, unread(err)
		}
		fields = append(fields, s)
	}
}

func readPart(part *multipart.Part) (sent, error) {
	s := sent{name: part.FormName()}
	if part.FileName() != "" {
		s.literal = file
		return s, nil
	}
	text, err := io.ReadAll(part)
	s.text = string(text)
	return s, err
}

func flatten(values map[string][]string) []sent {
	fields := make([]sent, 0, len(values))
	for name, texts := range values {
		for _, text := range texts {
			fields = append(fields, sent{name: name, text: text})
		}
	}
	slices.SortStableFunc(fields, func(a, b sent) int { return strings.Compare(a.name, b.name) })
	return fields
}

func readAll(r *http.Request) ([]byte, error) {
	body, err := io.ReadAll(limited(r))
	if err != nil {
		return nil, unread(err)
	}
	return body, nil
}

func limited(r *http.Request) io.Reader {
	if r.Body == nil {
		return http.NoBody
	}
	return http.MaxBytesReader(nil, r.Body, maxBody)
}

// unread says why a body could not be read to its end.
func unread(err error) error {
	if limit, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return limit
	}
	return fmt.Errorf("%w: %w", ErrMalformed, err)
}
