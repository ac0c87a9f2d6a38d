package tail

import (
	"context"
	"iter"
	"testing"

	"github.com/ireneo-dev/ireneo/store"
)

// blank is a log without anything.
type blank struct{}

func (blank) Read(context.Context, store.Query) iter.Seq2[store.Record, error] {
	return func(func(store.Record, error) bool) {}
}

func (blank) Listen(ctx context.Context, _ func()) error {
	<-ctx.Done()
	return nil
}

// Whoever is behind the reader has to read on before it may follow, or it would miss what
// is between.
func TestJoin_OnlyWhereTheReaderHasNotPassed(t *testing.T) {
	tail := New(blank{})
	first := tail.join(3)
	first.reader.spread(Page{{{Position: 5}}})
	if tail.join(4) != nil {
		t.Error("one who has read to 4 may follow a reader that is at 5")
	}
	second := tail.join(5)
	if second == nil {
		t.Fatal("one who has read everything may not follow")
	}
	tail.leave(first)
	tail.leave(second)
	if tail.reader != nil {
		t.Error("the reader goes on without anybody")
	}
}
