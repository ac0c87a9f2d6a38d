package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"syscall"
)

// ErrPortInUse says that another program listens on the port already.
var ErrPortInUse = errors.New("port is in use")

// Run listens and answers until ctx ends. Then it ends what lasts, Follow and downloads,
// and lets the other requests in progress finish. ready, if not nil, is called with the address once
// connections are accepted. It returns nil after an orderly stop. A server runs once.
func (s *Server) Run(ctx context.Context, ready func(addr string)) error {
	listener, err := listen(ctx, s.options.Addr)
	if err != nil {
		return err
	}
	hs := &http.Server{
		Handler:           s.Echo,
		ReadHeaderTimeout: s.options.Timeouts.Header,
		ReadTimeout:       s.options.Timeouts.Read,
		WriteTimeout:      s.options.Timeouts.Write,
		IdleTimeout:       s.options.Timeouts.Idle,
		MaxHeaderBytes:    64 << 10,
		ErrorLog:          slog.NewLogLogger(s.options.Logger.Handler(), slog.LevelWarn),
	}

	failed := make(chan error, 1)
	go func() { failed <- hs.Serve(listener) }()
	if ready != nil {
		ready(listener.Addr().String())
	}
	select {
	case err := <-failed:
		return fmt.Errorf("serve: %w", err)
	case <-ctx.Done():
		return s.stop(hs)
	}
}

// stop ends what does not finish in time. What lasts is told first: it would not finish
// by itself.
func (s *Server) stop(hs *http.Server) error {
	s.stopNow()
	ctx, cancel := context.WithTimeout(context.Background(), s.options.StopWithin)
	defer cancel()
	if err := hs.Shutdown(ctx); err != nil {
		return fmt.Errorf("stop: requests were still running after %s: %w", s.options.StopWithin, errors.Join(err, hs.Close()))
	}
	return nil
}

// windowsInUse is WSAEADDRINUSE, which syscall does not name on other systems.
const windowsInUse = syscall.Errno(10048)

func listen(ctx context.Context, addr string) (net.Listener, error) {
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", addr)
	if errors.Is(err, syscall.EADDRINUSE) || errors.Is(err, windowsInUse) {
		_, port, _ := net.SplitHostPort(addr)
		return nil, portInUseError(port)
	}
	if err != nil {
		return nil, fmt.Errorf("listen: %w", err)
	}
	return listener, nil
}

// portInUseError is an ErrPortInUse that names the port.
type portInUseError string

func (e portInUseError) Error() string {
	return fmt.Sprintf("port %s is in use by another program; set PORT to a free one", string(e))
}

// Is makes errors.Is(err, ErrPortInUse) hold.
func (e portInUseError) Is(target error) bool { return target == ErrPortInUse }
