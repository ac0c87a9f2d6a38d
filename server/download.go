package server

import (
	"fmt"
	"mime"

	"github.com/labstack/echo/v4"
)

// Download is an answer that the browser keeps as a file, however long it takes to write.
// The request's context ends when the client leaves or the server stops. A handler that
// fails before the first byte is answered with the page of its error; one that fails
// later cuts the file off, so that nobody takes it for the whole. It belongs to the
// goroutine that answers the request.
type Download struct {
	*lasting

	name, media string
	begun       bool
}

// NewDownload prepares an answer with a file. Nothing is sent before the first Write. The
// time limits of the request no longer hold, that of writing holds for each Write. The
// caller closes it before returning.
func NewDownload(c echo.Context, name, media string) (*Download, error) {
	l, err := newLasting(c)
	if err != nil {
		return nil, fmt.Errorf("download %s: %w", name, err)
	}
	return &Download{lasting: l, name: name, media: media}, nil
}

// Write sends a piece of the file.
func (d *Download) Write(piece []byte) (int, error) {
	if !d.begun {
		d.begun = true
		h := d.echo.Response().Header()
		h.Set(echo.HeaderContentType, d.media)
		h.Set(echo.HeaderContentDisposition, mime.FormatMediaType("attachment", map[string]string{"filename": d.name}))
	}
	n, err := d.send(piece)
	if err != nil {
		return n, fmt.Errorf("download %s: %w", d.name, err)
	}
	return n, nil
}
