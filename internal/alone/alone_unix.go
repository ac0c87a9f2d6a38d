//go:build unix

package alone

import (
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

// Use waits until no other test uses the machine alone, of whichever process, and has it
// for t until that ends.
func Use(t testing.TB) {
	t.Helper()
	file, err := os.OpenFile(filepath.Join(os.TempDir(), "ireneo-alone.lock"), os.O_RDONLY|os.O_CREATE, 0o644)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { file.Close() })
	for {
		err := unix.Flock(int(file.Fd()), unix.LOCK_EX)
		if err == nil {
			return
		}
		if err != unix.EINTR { //nolint:errorlint // an errno as it is
			t.Fatal(err)
		}
	}
}
