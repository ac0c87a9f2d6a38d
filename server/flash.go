package server

import (
	"context"
	"crypto/hmac"
	"encoding/base64"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/labstack/echo/v4"
)

// Kinds of notices. A page may give each a look of its own.
const (
	Done    = "done"    // what was asked for has happened
	Info    = "info"    // good to know
	Warning = "warning" // something else happened than what was asked for
)

// Notice is a message for the next page that somebody sees.
type Notice struct {
	Kind    string `json:"k"`
	Message string `json:"m"` // plain text
}

const (
	flashLasts = 5 * time.Minute
	maxFlash   = 3000 // bytes of the cookie; browsers take 4096 with its name
)

// Flash leaves a message for the next page that this browser sees, which is mostly the one
// that the answer redirects to. It is called before the answer is sent.
//
// The message travels in a signed cookie and not in the session, so that telling somebody
// that something was recorded costs no second write. A message too long for a cookie is
// cut, and the oldest go where there are too many.
func Flash(c echo.Context, kind, message string) {
	r := requestOf(c.Request().Context())
	if r == nil {
		return
	}
	notices := append(slices.Clone(r.notices()), Notice{Kind: kind, Message: cut(message, maxFlash/4)})
	value, err := r.server.seal(notices)
	for err == nil && len(value) > maxFlash {
		notices = notices[1:]
		value, err = r.server.seal(notices)
	}
	if err != nil {
		return // strings always encode
	}
	r.flash = &notices
	r.setCookie(flashCookie, value, flashLasts)
}

// Flashes are the messages for this page. They are shown once: whoever asks for them shows
// them. It is called before the answer's header goes out; outside of a request there are
// none, nor for a page that renews itself: they wait for one that somebody opens.
func Flashes(ctx context.Context) []Notice {
	r := requestOf(ctx)
	if r == nil || r.echo.Request().Header.Get(LiveHeader) != "" {
		return nil
	}
	notices := r.notices()
	if len(notices) > 0 {
		r.flash = &[]Notice{}
		r.setCookie(flashCookie, "", -time.Second)
	}
	return notices
}

// notices are those that came with the request, and those added since.
func (r *request) notices() []Notice {
	if r.flash == nil {
		came, _ := r.server.unseal(r.cookie(flashCookie)) // what we did not write is not shown
		r.flash = &came
	}
	return *r.flash
}

// seal encodes notices so that nobody else can.
func (s *Server) seal(notices []Notice) (string, error) {
	plain, err := json.Marshal(notices)
	if err != nil {
		return "", err
	}
	encode := base64.RawURLEncoding.EncodeToString
	return encode(plain) + "." + encode(s.mac("flash", string(plain))), nil
}

func (s *Server) unseal(value string) (notices []Notice, err error) {
	text, sum, _ := strings.Cut(value, ".")
	plain, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return nil, err
	}
	got, err := base64.RawURLEncoding.DecodeString(sum)
	if err != nil {
		return nil, err
	}
	if !hmac.Equal(got, s.mac("flash", string(plain))) {
		return nil, errors.New("flash is not ours")
	}
	return notices, json.Unmarshal(plain, &notices)
}

// cut keeps at most n bytes of a text, and only whole characters.
func cut(text string, n int) string {
	if len(text) <= n {
		return text
	}
	return strings.ToValidUTF8(text[:n], "") + "…"
}
