package web

import (
	"context"

	"github.com/labstack/echo/v4"

	"github.com/ireneo-dev/ireneo"
	"github.com/ireneo-dev/ireneo/server"
)

// SessionName is the key of the session under which the name of whoever works is kept.
const SessionName = "name"

type nameKey struct{}

// Sign puts the name of whoever works into the meta of all that the request records. It
// is what people call themselves: Ledger has no passwords of its own.
func (s *Site) Sign(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		session, err := server.SessionOf(c)
		if err != nil {
			return err
		}
		if name := session.Get(SessionName); name != "" {
			ctx := context.WithValue(c.Request().Context(), nameKey{}, name)
			ctx = ireneo.WithMeta(ctx, map[string]string{ireneo.ActorKey: name})
			c.SetRequest(c.Request().WithContext(ctx))
		}
		return next(c)
	}
}

// NameOf is the name of whoever works, nothing where nobody said.
func NameOf(ctx context.Context) string {
	name, _ := ctx.Value(nameKey{}).(string)
	return name
}
