// Package dev is the loop of a developer: watch the files of an application, generate,
// build, and let the new process take over from the old one on the same address.
package dev

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// Loop is what a loop needs to know.
type Loop struct {
	Dir     string   // the root of the application
	Command string   // the package of its binary, such as ./cmd/server
	Addr    string   // where to answer, host:port
	Env     []string // of the application; where it listens is added

	// Generate is told which files changed, by their paths below Dir, and writes what
	// follows from them. It is called again for what it wrote.
	Generate func(ctx context.Context, changed []string) error

	Out io.Writer // told what happens
}

// looping is a loop at work.
type looping struct {
	Loop
	files    *files
	proxy    *proxy
	addr     string // where it answers in fact
	binaries string // the folder of what is built
	builds   int
	left     []string // changed files that could not be generated from yet

	current *process
	leaving sync.WaitGroup // processes that were replaced
}

// Run works until ctx ends, and returns nil then. Everything it started has ended by then.
func (l Loop) Run(ctx context.Context) (err error) {
	r := &looping{Loop: l, proxy: newProxy()}
	r.Out = &together{out: l.Out}
	if r.files, err = watch(l.Dir); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.files.close()) }()
	if r.binaries, err = os.MkdirTemp("", "ireneo-dev-"); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(r.binaries)) }()
	stop, err := r.listen(ctx)
	if err != nil {
		return err
	}
	defer stop()
	defer r.end()

	fmt.Fprintf(r.Out, "ireneo dev: http://%s; Ctrl-C stops it\n", r.addr)
	for {
		if err := r.round(ctx); err != nil && ctx.Err() == nil {
			return err
		}
		if err := r.files.wait(ctx); err != nil && ctx.Err() == nil {
			return err
		}
		if ctx.Err() != nil {
			return nil
		}
	}
}

// listen answers requests until stop is called.
func (r *looping) listen(ctx context.Context) (stop func(), err error) {
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", r.Addr)
	if errors.Is(err, syscall.EADDRINUSE) {
		_, port, _ := net.SplitHostPort(r.Addr)
		return nil, fmt.Errorf("port %s is in use by another program; set PORT to a free one", port)
	}
	if err != nil {
		return nil, fmt.Errorf("listen: %w", err)
	}
	r.addr = listener.Addr().String()
	server := &http.Server{
		Handler: r.proxy, ReadHeaderTimeout: 10 * time.Second,
		BaseContext: func(net.Listener) context.Context { return ctx },
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = server.Serve(listener) // until it is closed
	}()
	return func() {
		_ = server.Close() // nobody answers any more
		<-done
	}, nil
}

// end ends all processes.
func (r *looping) end() {
	if r.current != nil {
		r.current.stop()
	}
	r.leaving.Wait()
}

// round brings the application up to date with its files. Its error ends the loop; what
// is wrong with the files is shown instead.
func (r *looping) round(ctx context.Context) error {
	began := time.Now()
	changed, problem, err := r.generate(ctx)
	if err != nil {
		return err
	}
	r.tellChanged(changed)
	if problem == nil {
		building, stop := r.untilChanged(ctx)
		problem = r.replace(ctx, building)
		given := building.Err() != nil
		stop()
		if given { // there will be another round
			return nil
		}
	}
	took := time.Since(began).Round(10 * time.Millisecond)
	if problem == nil {
		fmt.Fprintf(r.Out, "ireneo dev: ready in %s, http://%s\n", took, r.addr)
		return nil
	}
	r.proxy.fail(problem)
	fmt.Fprintf(r.Out, "ireneo dev: failed in %s; %s\n%s\n", took, r.meanwhile(), news(problem))
	return nil
}

func (r *looping) meanwhile() string {
	if r.proxy.answers() {
		return "what was built before still answers"
	}
	return "there is nothing that would answer"
}

// news is what of a problem was not said on the terminal yet.
func news(problem error) string {
	if failed, ok := errors.AsType[*FailedError](problem); ok && failed.How != "" {
		return failed.Command + ": " + failed.How
	}
	return problem.Error()
}

// generate writes what follows from the changed files, and from what it wrote itself.
func (r *looping) generate(ctx context.Context) (first []string, problem, err error) {
	for {
		changed, err := r.files.changes()
		if err != nil || len(changed) == 0 {
			return first, nil, err
		}
		if first == nil {
			first = changed
		}
		r.left = append(r.left, changed...)
		if problem := r.Generate(ctx, r.left); problem != nil {
			return first, problem, ctx.Err()
		}
		r.left = nil
	}
}

// shown is how many changed files are named.
const shown = 3

func (r *looping) tellChanged(changed []string) {
	if r.builds == 0 {
		return // everything is new
	}
	text := strings.Join(changed[:min(shown, len(changed))], ", ")
	if more := len(changed) - shown; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	fmt.Fprintf(r.Out, "ireneo dev: changed %s\n", text)
}

// untilChanged is a context that ends when files change.
func (r *looping) untilChanged(ctx context.Context) (_ context.Context, stop func()) {
	building, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		if r.files.wait(building) == nil {
			cancel()
		}
	}()
	return building, func() {
		cancel()
		<-done
	}
}

// replace builds, and lets the new process take over from the one at work. On any error
// that one stays. building may end sooner than ctx.
func (r *looping) replace(ctx, building context.Context) error {
	r.builds++
	binary := filepath.Join(r.binaries, "server-"+strconv.Itoa(r.builds)+BinaryEnding)
	if err := Build(building, r.Dir, binary, r.Command); err != nil {
		return err
	}
	env := append(slices.Clone(r.Env), "HOST=127.0.0.1", "PORT=0")
	next, err := start(building, r.Dir, binary, env, r.Out)
	if err != nil {
		return errors.Join(err, os.Remove(binary))
	}

	before := r.current
	r.current = next
	to, answered := r.proxy.use(next.addr)
	r.leaving.Go(func() { r.bury(ctx, next, to, binary) })
	if before != nil {
		r.leaving.Go(func() {
			answered(ctx)
			before.stop()
		})
	}
	return nil
}

// bury waits for the end of a process, and says so where it was not asked for.
func (r *looping) bury(ctx context.Context, p *process, t *target, binary string) {
	<-p.ended
	if problem := p.failure(); r.proxy.lose(t, problem) && ctx.Err() == nil {
		fmt.Fprintf(r.Out, "ireneo dev: %s; it is started again once files change\n", news(problem))
	}
	_ = os.Remove(binary) // the folder goes at the end, too
}

// together lets several write whole pieces of text.
type together struct {
	mu  sync.Mutex // guards out
	out io.Writer
}

// Write implements [io.Writer].
func (t *together) Write(text []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.out.Write(text)
}
