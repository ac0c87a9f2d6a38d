package projections

import (
	"context"
	"fmt"
)

// AccountNames are what accounts are for, by their ids. Those that do not exist are not
// among them.
func AccountNames(ctx context.Context, ids []string) (map[string]string, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	q, err := AccountBalances.Query(ctx)
	if err != nil {
		return nil, err
	}
	var rows []AccountBalance
	if err := q.Where("id IN ?", ids).Find(&rows).Error; err != nil {
		return nil, fmt.Errorf("look up the names of accounts: %w", err)
	}
	names := make(map[string]string, len(rows))
	for _, r := range rows {
		names[r.ID] = r.Name
	}
	return names, nil
}
