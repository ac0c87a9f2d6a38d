package main

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"runtime/debug"
	"runtime/metrics"
	"strconv"
	"strings"
	"time"
)

// usage is how much memory was in use at most.
type usage struct {
	Live     int64 `json:"live_bytes,omitempty"`     // what the garbage collector found reachable, and stacks
	Resident int64 `json:"resident_bytes,omitempty"` // of the process; zero where the system does not tell
}

func (u usage) most(other usage) usage {
	return usage{max(u.Live, other.Live), max(u.Resident, other.Resident)}
}

func (u usage) String() string {
	switch {
	case u == usage{}:
		return ""
	case u.Resident == 0:
		return mebibytes(u.Live)
	default:
		return mebibytes(u.Live) + ", " + mebibytes(u.Resident)
	}
}

func mebibytes(n int64) string { return strconv.FormatInt((n+1<<19)>>20, 10) }

// watched is a load whose use of memory is watched. What the other rows of the round keep in memory
// is in it, too.
type watched struct{ load }

// watchingMemory is a start whose load is watched.
func watchingMemory(of start) start {
	return func(ctx context.Context, s *site) (load, error) {
		l, err := of(ctx, s)
		return watched{l}, err
	}
}

func (w watched) run(ctx context.Context, d time.Duration) ([]timings, error) {
	peak := watchMemory()
	found, err := w.load.run(ctx, d)
	if used := peak(); len(found) > 0 {
		found[0].memory = used
	}
	return found, err
}

// sampled is how often memory is looked at, which stops nobody.
const sampled = 2 * time.Millisecond

// watchMemory looks at the memory in use until peak is called, which returns the most of it.
func watchMemory() (peak func() usage) {
	debug.FreeOSMemory() // collects what is garbage already
	resettable := os.WriteFile("/proc/self/clear_refs", []byte("5"), 0) == nil
	stop, done := make(chan struct{}), make(chan int64)
	go func() {
		tick := time.NewTicker(sampled)
		defer tick.Stop()
		most := live()
		for {
			select {
			case <-tick.C:
				most = max(most, live())
			case <-stop:
				done <- max(most, live())
				return
			}
		}
	}()
	return func() usage {
		close(stop)
		used := usage{Live: <-done}
		if resettable {
			used.Resident = resident("VmHWM:")
		}
		return used
	}
}

// live is what the last garbage collection found reachable, and the stacks of now.
func live() int64 {
	found := []metrics.Sample{{Name: "/gc/heap/live:bytes"}, {Name: "/memory/classes/heap/stacks:bytes"}}
	metrics.Read(found)
	return int64(found[0].Value.Uint64() + found[1].Value.Uint64())
}

// resident is a line of this process's status: "VmRSS:", what is in memory now, or "VmHWM:", the
// most that was since that was reset. Zero where the system does not tell.
func resident(line string) int64 {
	file, err := os.Open("/proc/self/status")
	if err != nil {
		return 0
	}
	defer func() { _ = file.Close() }() // it was only read

	lines := bufio.NewScanner(file)
	for lines.Scan() {
		var kibibytes int64
		if size, ok := strings.CutPrefix(lines.Text(), line); ok {
			if _, err := fmt.Sscan(size, &kibibytes); err == nil {
				return kibibytes << 10
			}
		}
	}
	return 0
}
