package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"time"
)

// emmett is event-driven-io/emmett with its own PostgreSQL store, in one Node process a row. Its
// tables are in a database of their own: it asks for its functions without regard to schemas.
var emmett = peer{
	name: "Emmett",
	ready: func(ctx context.Context) error {
		if _, err := exec.LookPath("node"); err != nil {
			return errors.New("node is not installed")
		}
		_, err := installed(ctx, "emmett")
		return err
	},
	start: startEmmett,
}

// worker is emmett/worker.mjs, which measures itself: what its answers take on their way is in no
// operation.
type worker struct {
	cmd     *exec.Cmd
	in      io.WriteCloser
	answers *json.Decoder
	said    bytes.Buffer // on standard error; to be read when it has ended
}

func startEmmett(t task) start {
	return func(ctx context.Context, s *site) (load, error) {
		dir, err := installed(ctx, "emmett")
		if err != nil {
			return nil, err
		}
		url, err := s.database(ctx)
		if err != nil {
			return nil, err
		}
		w, err := startWorker(dir)
		if err != nil {
			return nil, err
		}
		s.later(w.close)

		data, meta := stored()
		_, err = w.ask(ctx, map[string]any{
			"url": url, "clients": s.clients, "work": t, "depth": t.depth(),
			"type": "account.deposited", "data": json.RawMessage(data), "meta": json.RawMessage(meta),
		})
		if err != nil {
			return nil, err
		}
		return w, execute(ctx, url, "ANALYZE")
	}
}

func startWorker(dir string) (*worker, error) {
	w := &worker{cmd: exec.Command("node", filepath.Join(dir, "worker.mjs"))}
	w.cmd.Dir, w.cmd.Stderr = dir, &w.said
	in, err := w.cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := w.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	w.in, w.answers = in, json.NewDecoder(out)
	return w, w.cmd.Start()
}

func (w *worker) run(ctx context.Context, d time.Duration) ([]timings, error) {
	each, err := w.ask(ctx, max(1, d.Milliseconds()))
	if err != nil {
		return nil, err
	}
	all := make([]timings, len(each))
	for i := range each {
		all[i].each = each[i]
		for _, took := range each[i] {
			all[i].busy += took
		}
	}
	return all, nil
}

// ask sends a line, and waits for the one that answers it: what every operation of each client took.
func (w *worker) ask(ctx context.Context, question any) (each [][]time.Duration, err error) {
	defer context.AfterFunc(ctx, w.kill)()
	line, err := json.Marshal(question)
	if err != nil {
		return nil, err
	}
	if _, err = w.in.Write(append(line, '\n')); err == nil {
		err = w.answers.Decode(&each)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w: %s", err, w.cmd.Wait(), bytes.TrimSpace(w.said.Bytes()))
	}
	return each, nil
}

func (w *worker) kill() { _ = w.cmd.Process.Kill() } // it may have ended by itself

// close lets the worker end by itself, unless that takes very long.
func (w *worker) close() error {
	err := w.in.Close()
	if w.cmd.ProcessState != nil { // it was waited for
		return err
	}
	defer time.AfterFunc(10*time.Second, w.kill).Stop()
	return errors.Join(err, w.cmd.Wait())
}
