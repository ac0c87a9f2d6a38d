package headroom

import (
	"runtime"
	"runtime/metrics"
	"testing"
)

func TestReserve(t *testing.T) {
	before := goal()
	release := Reserve()
	if got := goal(); got < before+Size {
		t.Errorf("collected at %d bytes, and at %d without it", got, before)
	}
	release()
	if got := goal(); got > before+Size/2 {
		t.Errorf("collected at %d bytes after it was released, at %d before", got, before)
	}
}

// goal is at how many bytes garbage is collected next.
func goal() uint64 {
	runtime.GC()
	sample := []metrics.Sample{{Name: "/gc/heap/goal:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}
