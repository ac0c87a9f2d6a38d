package server

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/alexedwards/scs/v2"
	"github.com/labstack/echo/v4"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"
)

// Session is what the application remembers of one browser, in the table sessions of its
// database: it survives a restart and is the same in every process. Keys and values are
// short texts, such as the id of whoever logged in; what is worth keeping is an event.
//
// A session begins with the first Put, so visitors who only look have none. What is
// changed is written at once. It belongs to the goroutine that answers the request.
type Session struct {
	request *request
	ctx     context.Context // holds the data, as scs has it
}

// SessionOf is the browser's session, read when it is first asked for.
func SessionOf(c echo.Context) (*Session, error) {
	r := requestOf(c.Request().Context())
	if r == nil {
		return nil, errors.New("session: not a request of the server")
	}
	if r.session == nil {
		ctx, err := r.server.sessions.Load(c.Request().Context(), r.cookie(sessionCookie))
		if err != nil {
			return nil, fmt.Errorf("load session: %w", err)
		}
		r.session = &Session{request: r, ctx: ctx}
		if stale := r.cookie(sessionCookie) != "" && r.sessionToken() == ""; stale {
			r.setCookie(sessionCookie, "", -time.Second) // form tokens are over what comes next time
		}
	}
	return r.session, nil
}

// Get is the value under key, or nothing.
func (s *Session) Get(key string) string {
	return s.request.server.sessions.GetString(s.ctx, key)
}

// Put keeps a value, and begins the session where there is none. It is called before the
// answer is sent, because it gives the browser a cookie.
func (s *Session) Put(key, value string) error {
	s.request.server.sessions.Put(s.ctx, key, value)
	return s.save()
}

// Remove forgets a value.
func (s *Session) Remove(key string) error {
	s.request.server.sessions.Remove(s.ctx, key)
	return s.save()
}

// Renew gives the session another id, with all that is in it. It is called when somebody
// logs in or gets more rights, so that an id from before, which somebody else may have
// planted, is worth nothing. Form tokens from before are refused from then on.
func (s *Session) Renew() error {
	if err := s.request.server.sessions.RenewToken(s.ctx); err != nil {
		return fmt.Errorf("renew session: %w", err)
	}
	return s.save()
}

// Destroy ends the session, for logging out.
func (s *Session) Destroy() error {
	if err := s.request.server.sessions.Destroy(s.ctx); err != nil {
		return fmt.Errorf("destroy session: %w", err)
	}
	s.request.setCookie(sessionCookie, "", -time.Second)
	return nil
}

func (s *Session) save() error {
	token, expiry, err := s.request.server.sessions.Commit(s.ctx)
	if err != nil {
		return fmt.Errorf("save session: %w", err)
	}
	s.request.setCookie(sessionCookie, token, time.Until(expiry))
	return nil
}

// sessionToken is the id that the browser will send next time.
func (r *request) sessionToken() string {
	if r.session != nil {
		return r.server.sessions.Token(r.session.ctx)
	}
	return r.cookie(sessionCookie)
}

// newSessions sets scs up. Its middleware is not used: it would read the session of every
// request that has a cookie, assets included. What scs writes is a keyed store of ours.
func (s *Server) newSessions() *scs.SessionManager {
	m := scs.New()
	m.Lifetime = s.options.SessionLifetime
	m.Store = sessionStore{db: s.log.DB()}
	m.Codec = sessionCodec{}
	m.HashTokenInStore = true // whoever reads the table cannot take over a session
	return m
}

// sessionRow is a row of the table sessions, which the application's migrations make.
type sessionRow struct {
	Token     string `gorm:"primaryKey"` // its hash
	Data      string
	ExpiresAt int64 // in seconds since 1970
}

// TableName is what the migration says.
func (sessionRow) TableName() string { return "sessions" }

// sessionStore keeps sessions in the application's database.
type sessionStore struct{ db *gorm.DB }

var _ scs.CtxStore = sessionStore{}

// FindCtx implements [scs.CtxStore].
func (s sessionStore) FindCtx(ctx context.Context, token string) (b []byte, found bool, err error) {
	var rows []sessionRow
	err = s.db.WithContext(ctx).
		Where(clause.Eq{Column: "token", Value: token}, clause.Gt{Column: "expires_at", Value: time.Now().Unix()}).
		Limit(1).Find(&rows).Error
	if err != nil || len(rows) == 0 {
		return nil, false, err
	}
	return []byte(rows[0].Data), true, nil
}

// CommitCtx implements [scs.CtxStore]. It also removes what has expired: sessions are
// written seldom, and that way it needs no clock of its own.
func (s sessionStore) CommitCtx(ctx context.Context, token string, b []byte, expiry time.Time) error {
	db := s.db.WithContext(ctx)
	row := &sessionRow{Token: token, Data: string(b), ExpiresAt: expiry.Unix()}
	if err := db.Clauses(clause.OnConflict{UpdateAll: true}).Create(row).Error; err != nil {
		return err
	}
	return db.Where(clause.Lte{Column: "expires_at", Value: time.Now().Unix()}).Delete(&sessionRow{}).Error
}

// DeleteCtx implements [scs.CtxStore].
func (s sessionStore) DeleteCtx(ctx context.Context, token string) error {
	return s.db.WithContext(ctx).Where(clause.Eq{Column: "token", Value: token}).Delete(&sessionRow{}).Error
}

// Find implements [scs.Store]; scs calls FindCtx instead, as with the other two.
func (s sessionStore) Find(token string) ([]byte, bool, error) {
	return s.FindCtx(context.Background(), token)
}

// Commit implements [scs.Store].
func (s sessionStore) Commit(token string, b []byte, expiry time.Time) error {
	return s.CommitCtx(context.Background(), token, b, expiry)
}

// Delete implements [scs.Store].
func (s sessionStore) Delete(token string) error { return s.DeleteCtx(context.Background(), token) }

// sessionCodec writes sessions as JSON, which both databases keep as text and which,
// unlike gob, an operator can read.
type sessionCodec struct{}

type sessionData struct {
	Deadline time.Time         `json:"deadline"`
	Values   map[string]string `json:"values"`
}

// Encode implements [scs.Codec].
func (sessionCodec) Encode(deadline time.Time, values map[string]any) ([]byte, error) {
	data := sessionData{Deadline: deadline, Values: map[string]string{}}
	for key, value := range values {
		text, ok := value.(string)
		if !ok {
			return nil, fmt.Errorf("session value %s is a %T, not a string", key, value)
		}
		data.Values[key] = text
	}
	return json.Marshal(data)
}

// Decode implements [scs.Codec].
func (sessionCodec) Decode(b []byte) (time.Time, map[string]any, error) {
	var data sessionData
	if err := json.Unmarshal(b, &data); err != nil {
		return time.Time{}, nil, err
	}
	values := map[string]any{}
	for key, text := range data.Values {
		values[key] = text
	}
	return data.Deadline, values, nil
}
