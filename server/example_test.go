package server_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"

	"github.com/labstack/echo/v4"

	"github.com/ireneo-dev/ireneo"
	"github.com/ireneo-dev/ireneo/server"
	"github.com/ireneo-dev/ireneo/store/sqlite"
)

// A handler returns what the log said: the server finds the right answer.
func ExampleNew() {
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir) //nolint:errcheck // a folder for temporary files
	st, err := sqlite.Open(context.Background(), filepath.Join(dir, "example.sqlite3"))
	if err != nil {
		panic(err)
	}
	defer func() { _ = st.Close() }()
	log, err := ireneo.Open(st, ireneo.Config{Streams: []*ireneo.Stream{notes}, Events: []ireneo.EventType{ireneo.TypeOf[noted]()}})
	if err != nil {
		panic(err)
	}
	if err := log.Migrate(context.Background()); err != nil {
		panic(err)
	}

	srv, err := server.New(log, server.Options{Logger: slog.New(slog.NewTextHandler(io.Discard, nil))})
	if err != nil {
		panic(err)
	}
	srv.Echo.POST("/notes/:id", func(c echo.Context) error {
		ev := &noted{Text: "hello"}
		if err := notes.For(c.Param("id")).Append(c.Request().Context(), ev, ireneo.ExpectVersion(0)); err != nil {
			return err
		}
		server.Flash(c, server.Done, "Noted.")
		return server.Redirect(c, "/notes/"+c.Param("id"))
	})

	for range 2 {
		w := httptest.NewRecorder()
		srv.Handler().ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/notes/1", nil))
		fmt.Println(w.Code, w.Header().Get("Location"))
	}
	// Output:
	// 303 /notes/1
	// 409
}
