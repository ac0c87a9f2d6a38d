package server

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"hash"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"
)

const (
	// TokenField is the form field that carries the token of FormToken.
	TokenField = "_token"

	// TokenHeader is the header that may carry it instead, for scripts.
	TokenHeader = "X-Form-Token"
)

const jsonType = "application/json"

// errFormToken says that an unsafe request lacks the token of a form of ours.
var errFormToken = errors.New("form token is missing or wrong")

// Token is FormToken for handlers.
func Token(c echo.Context) string { return FormToken(c.Request().Context()) }

// FormToken is what the hidden field TokenField of a form holds. It is good for this
// browser until its session begins, is renewed or ends, and different each time, so that
// it tells nothing about itself in a compressed page. The first one gives the browser a
// cookie, so it is asked for before the answer's header goes out. Outside of a request
// it is empty.
//
// This is the signed double submit of OWASP: the token is a keyed hash over a cookie of
// its own and over the session's, so that neither a planted cookie nor somebody else's
// token helps. Nothing is stored for it, so visitors who only look cost no row.
func FormToken(ctx context.Context) string {
	r := requestOf(ctx)
	if r == nil {
		return ""
	}
	nonce := rand.Text()
	return nonce + "." + base64.RawURLEncoding.EncodeToString(r.formMAC(nonce, r.bind()))
}

// formMAC proves that we made a token for this browser and this session.
func (r *request) formMAC(nonce, binding string) []byte {
	return r.server.mac("form", nonce, binding, r.sessionToken())
}

// bind is the value of the browser's own cookie, which it gets where it has none.
func (r *request) bind() string {
	if r.binding == "" {
		r.binding = r.cookie(formCookie)
	}
	if len(r.binding) != len(rand.Text()) {
		r.binding = rand.Text()
		r.setCookie(formCookie, r.binding, 0)
	}
	return r.binding
}

// mac is a keyed hash of the parts, for one purpose. Each is hashed with its length, so
// that no two lists of parts are the same.
func (s *Server) mac(purpose string, parts ...string) []byte {
	h := s.macs.Get().(hash.Hash)
	defer s.macs.Put(h)
	h.Reset()

	var text []byte
	for _, part := range append([]string{purpose}, parts...) {
		text = strconv.AppendInt(text, int64(len(part)), 10)
		text = append(append(text, ':'), part...)
	}
	h.Write(text)
	return h.Sum(nil)
}

// ownForm refuses unsafe requests that do not come from a form of ours. It stands behind
// sameOrigin, for browsers that send neither Sec-Fetch-Site nor Origin.
//
// JSON needs no token. A form cannot send application/json, and a script of another site
// may send it only after a preflight that we never grant; sameOrigin was asked before.
// What remains is our own script, or a program without anybody's cookies.
func (s *Server) ownForm(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		r := c.Request()
		switch r.Method {
		case http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodTrace:
			return next(c)
		}
		media, params, _ := mime.ParseMediaType(r.Header.Get(echo.HeaderContentType)) // a broken one is no JSON
		if !s.options.FormToken || media == jsonType {
			return next(c)
		}
		token, err := sentToken(r, media, params["boundary"])
		if err != nil {
			return err
		}
		if !requestOf(r.Context()).accepts(token) {
			return errFormToken
		}
		return next(c)
	}
}

// accepts reports whether the token was made for this browser and session.
func (r *request) accepts(token string) bool {
	nonce, sum, _ := strings.Cut(token, ".")
	got, err := base64.RawURLEncoding.DecodeString(sum)
	binding := r.cookie(formCookie)
	return err == nil && nonce != "" && binding != "" && hmac.Equal(got, r.formMAC(nonce, binding))
}

// sentToken takes the token from the header, else from the body, which the handler can
// still read. The query is not looked at: it is kept in logs and histories.
func sentToken(r *http.Request, media, boundary string) (string, error) {
	if token := r.Header.Get(TokenHeader); token != "" {
		return token, nil
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return "", err // it is too large, or the client is gone
	}
	r.Body = io.NopCloser(bytes.NewReader(body))

	switch media {
	case echo.MIMEApplicationForm:
		fields, err := url.ParseQuery(string(body)) // what of it is sound; the rest is the handler's matter
		if err == nil {
			r.PostForm = fields // nobody has to parse it again
		}
		return fields.Get(TokenField), nil
	case echo.MIMEMultipartForm:
		return multipartToken(multipart.NewReader(bytes.NewReader(body), boundary))
	default:
		return "", nil
	}
}

// maxToken is more than a token has, in bytes.
const maxToken = 256

func multipartToken(parts *multipart.Reader) (string, error) {
	for {
		part, err := parts.NextPart()
		if err != nil {
			return "", nil //nolint:nilerr // no token, or no form: either is refused
		}
		if part.FormName() == TokenField {
			token, err := io.ReadAll(io.LimitReader(part, maxToken))
			return string(token), err
		}
	}
}
