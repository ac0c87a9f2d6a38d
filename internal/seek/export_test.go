package seek

import (
	"context"

	"github.com/ireneo-dev/ireneo/store"
)

// Run looks through little at once.
func Run(ctx context.Context, s Seek, chunk int, width int64) ([]store.Record, *store.Point, error) {
	return s.run(ctx, chunk, width)
}
