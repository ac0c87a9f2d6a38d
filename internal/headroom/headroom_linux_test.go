package headroom

import (
	"fmt"
	"os"
	"testing"
)

func TestReserve_IsNotTouched(t *testing.T) {
	before := resident(t)
	release := Reserve()
	defer release()
	if got := resident(t); got > before+Size/2 {
		t.Errorf("%d bytes are in memory, %d before", got, before)
	}
}

// resident is how many bytes of the process are in memory.
func resident(t *testing.T) uint64 {
	t.Helper()
	text, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		t.Fatal(err)
	}
	var size, pages uint64
	if _, err := fmt.Sscan(string(text), &size, &pages); err != nil {
		t.Fatal(err)
	}
	return pages * uint64(os.Getpagesize())
}
