package alone_test

import (
	"sync/atomic"
	"testing"

	"github.com/ireneo-dev/ireneo/internal/alone"
)

func TestUse_OneAtATime(t *testing.T) {
	var using atomic.Int32
	for range 4 {
		t.Run("user", func(t *testing.T) {
			t.Parallel()
			alone.Use(t)
			t.Cleanup(func() { using.Add(-1) }) // before the lock is given up
			if n := using.Add(1); n != 1 {
				t.Errorf("%d use it at once", n)
			}
		})
	}
}
