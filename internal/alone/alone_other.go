//go:build !unix

package alone

import "testing"

// Use does nothing where files cannot be locked: run such tests one after the other.
func Use(testing.TB) {}
