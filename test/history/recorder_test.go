package history

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"golang.org/x/sys/unix"
)

// The kinds of lines.
const (
	invoked   = "invoke"
	accepted  = "ok"
	conflict  = "conflict"
	rejected  = "rejected"
	failed    = "failed"
	unknown   = "unknown"
	following = "follow"
	delivered = "deliver"
	reached   = "checkpoint"
	fault     = "fault"
)

// line is one line of a history. Streams are named type/id.
type line struct {
	Kind string `json:"kind"`
	At   int64  `json:"at"` // nanoseconds of a clock that all processes share
	Op   string `json:"op,omitempty"`
	What string `json:"what,omitempty"`

	// Of an invoke.
	Streams []string `json:"streams,omitempty"` // those it may write to
	Events  int      `json:"events,omitempty"`  // it is to append; zero: that is up to it
	Expect  *int64   `json:"expect,omitempty"`  // the version it expects its one stream at
	Key     string   `json:"key,omitempty"`     // under which it is to happen once
	Undo    bool     `json:"undo,omitempty"`    // the host is to roll it back

	// Of an outcome.
	Wrote    map[string]int64  `json:"wrote,omitempty"`   // the first version it wrote, by stream
	Read     map[string]int64  `json:"read,omitempty"`    // the version it saw, by stream
	Saw      map[string]string `json:"saw,omitempty"`     // what it made of that, by stream
	As       string            `json:"as,omitempty"`      // the operation it turned out to be a repetition of
	Nothing  bool              `json:"nothing,omitempty"` // there was nothing to write
	Repeated bool              `json:"repeated,omitempty"`
	Attempts int               `json:"attempts,omitempty"`
	Error    string            `json:"error,omitempty"`

	Position int64    `json:"position,omitempty"`
	Entries  []string `json:"entries,omitempty"` // what was delivered, as type/id@version
}

// clock is a time that all processes of this machine share and nobody sets.
func clock() int64 {
	var now unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &now); err != nil {
		panic(err)
	}
	return now.Nano()
}

// recorder writes the history of one process. It is safe for concurrent use. A line that
// cannot be written ends the process.
type recorder struct {
	file *os.File

	mu              sync.Mutex // guards all below
	turn            *sync.Cond // a sync has ended
	written, synced int        // lines
	syncing         bool
}

func newRecorder(dir, process string) (*recorder, error) {
	file, err := os.OpenFile(filepath.Join(dir, process+".jsonl"), os.O_CREATE|os.O_EXCL|os.O_APPEND|os.O_WRONLY, 0o644)
	r := &recorder{file: file}
	r.turn = sync.NewCond(&r.mu)
	return r, err
}

// write hands a line to the kernel, in whose hands it survives the process.
func (r *recorder) write(l line) {
	if l.At == 0 {
		l.At = clock()
	}
	text, err := json.Marshal(l)
	if err != nil {
		panic(err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, err := r.file.Write(append(text, '\n')); err != nil {
		panic(err)
	}
	r.written++
}

// acknowledge writes a line and returns when it is on disk. Those who come meanwhile share
// the next sync.
func (r *recorder) acknowledge(l line) {
	r.write(l)
	r.mu.Lock()
	defer r.mu.Unlock()
	for mine := r.written; r.synced < mine; {
		if r.syncing {
			r.turn.Wait()
			continue
		}
		upTo := r.written
		r.syncing = true
		r.mu.Unlock()
		err := r.file.Sync()
		r.mu.Lock()
		if err != nil {
			panic(err)
		}
		r.syncing, r.synced = false, upTo
		r.turn.Broadcast()
	}
}

// readHistory reads one file. The last line of a process that was killed may be cut off.
func readHistory(name string) (lines []line, err error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	scan := bufio.NewScanner(bytes.NewReader(text))
	scan.Buffer(nil, 1<<20)
	for scan.Scan() {
		var l line
		if err = json.Unmarshal(scan.Bytes(), &l); err != nil {
			break
		}
		lines = append(lines, l)
	}
	if err != nil && scan.Scan() {
		return nil, fmt.Errorf("%s: a line in the middle: %w", name, err)
	}
	return lines, scan.Err()
}

// readHistories reads all files of a folder, by the process that wrote each.
func readHistories(dir string) (map[string][]line, error) {
	names, err := filepath.Glob(filepath.Join(dir, "*.jsonl"))
	all := map[string][]line{}
	for _, name := range names {
		lines, readErr := readHistory(name)
		all[strings.TrimSuffix(filepath.Base(name), ".jsonl")] = lines
		err = errors.Join(err, readErr)
	}
	return all, err
}
