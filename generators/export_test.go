package generators

import "os"

// Write makes changes, each file with new text.
func Write(root *os.Root, changes ...Change) (undo func() error, err error) {
	for i := range changes {
		changes[i].data = []byte("new")
	}
	return write(root, changes)
}
