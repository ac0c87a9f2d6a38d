package dev

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"time"
)

// stopWithin is how long a process may take to end once it is asked to. A server lets its
// requests finish for 8 seconds.
const stopWithin = 10 * time.Second

// process is the application at work.
type process struct {
	addr  string // where it listens
	cmd   *exec.Cmd
	said  *tail         // the end of what it said
	ended chan struct{} // closed when it has
	err   error         // to be read then
}

// start starts the server of a binary and waits until it listens. ctx bounds the waiting
// only.
func start(ctx context.Context, dir, binary string, env []string, out io.Writer) (*process, error) {
	said := &tail{}
	listens := &announcement{next: io.MultiWriter(out, said), addr: make(chan string, 1)}
	cmd := exec.Command(binary, "serve")
	cmd.Dir, cmd.Env, cmd.SysProcAttr = dir, env, mortal()
	cmd.Stdout, cmd.Stderr = listens, io.MultiWriter(out, said)
	cmd.WaitDelay = time.Second // for what it started and left behind
	p := &process{cmd: cmd, said: said, ended: make(chan struct{})}

	started := make(chan error)
	go p.run(started)
	if err := <-started; err != nil {
		return nil, fmt.Errorf("start the application: %w", err)
	}
	select {
	case p.addr = <-listens.addr:
		return p, nil
	case <-p.ended:
		return nil, p.failure()
	case <-ctx.Done():
		p.stop()
		return nil, ctx.Err()
	}
}

// run keeps its thread until the process has ended: on Linux the process would end with it.
func (p *process) run(started chan<- error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	err := p.cmd.Start()
	started <- err
	if err != nil {
		return
	}
	p.err = p.cmd.Wait()
	_ = signalGroup(p.cmd.Process, os.Kill) // what it started and left behind, if anything
	close(p.ended)
}

// failure says how a process ended that was not asked to.
func (p *process) failure() error {
	how := "it ended by itself"
	if p.err != nil {
		how = p.err.Error()
	}
	return &FailedError{"the application", strings.TrimSpace(p.said.String() + "\n" + how), how}
}

// stop asks the process to end, makes it end where it takes too long, and waits for that.
func (p *process) stop() {
	select {
	case <-p.ended:
		return
	default:
	}
	_ = signalGroup(p.cmd.Process, terminate) // it may have ended
	select {
	case <-p.ended:
	case <-time.After(stopWithin):
		_ = signalGroup(p.cmd.Process, os.Kill)
		<-p.ended
	}
}

// announcement passes on what a server says, but for the line that tells where it listens.
type announcement struct {
	next io.Writer
	addr chan string
	line []byte // not ended yet
	told bool
}

// Write implements [io.Writer]. It is called by one goroutine.
func (a *announcement) Write(text []byte) (int, error) {
	if a.told {
		return a.next.Write(text)
	}
	a.line = append(a.line, text...)
	for !a.told {
		line, rest, whole := bytes.Cut(a.line, []byte("\n"))
		if !whole {
			return len(text), nil
		}
		a.line = rest
		if _, addr, ok := strings.Cut(string(line), " listens on http://"); ok {
			a.told = true
			a.addr <- strings.TrimSpace(addr)
		} else if _, err := a.next.Write(append(line, '\n')); err != nil {
			return 0, err
		}
	}
	_, err := a.next.Write(a.line)
	return len(text), err
}

// tailBytes is how much a tail keeps.
const tailBytes = 8 << 10

// tail keeps the end of what is written to it.
type tail struct {
	mu   sync.Mutex // guards text
	text []byte
}

// Write implements [io.Writer].
func (t *tail) Write(text []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.text = append(t.text, text...)
	if more := len(t.text) - tailBytes; more > 0 {
		t.text = append([]byte(nil), t.text[more:]...)
	}
	return len(text), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(t.text)
}
