package debts

import (
	"context"

	"cloud.google.com/go/civil"

	"github.com/ireneo-dev/ireneo"
	streams "github.com/ireneo-dev/ireneo/app/event_streams"
	"github.com/ireneo-dev/ireneo/app/projections"
	"github.com/ireneo-dev/ireneo/form/money"
	"github.com/ireneo-dev/ireneo/view"
)

// timeline is what the bar that travels in time shows for a debt at a moment.
func timeline(ctx context.Context, d *history, m view.Moment) (view.Timeline, error) {
	h := streams.Debt.For(d.Balance.ID)
	t := view.Timeline{Path: path(h.ID()), Moment: m, Versions: d.Version, Shown: d.Version}
	if !m.Past() {
		return t, nil
	}

	var err error
	if t.Versions, err = h.Version(ctx); err != nil || m.Version == 0 {
		return t, err
	}
	after, err := projections.OutstandingBalances.Replay(ctx, h, ireneo.AtVersion(t.Shown))
	if err != nil {
		return t, err
	}
	before := &projections.OutstandingBalance{}
	if t.Shown > 1 {
		if before, err = projections.OutstandingBalances.Replay(ctx, h, ireneo.AtVersion(t.Shown-1)); err != nil {
			return t, err
		}
	}
	t.What, t.Changes = d.what(t.Shown), view.Diff(before, after, inWords)
	return t, nil
}

// what is the entry of a version in words.
func (d *history) what(version int64) string {
	for _, e := range d.Entries {
		if e.Version == version {
			return e.What
		}
	}
	return "This entry"
}

// inWords writes a field of a balance for people; fields they do not know stay out.
func inWords(key string, value any) string {
	switch key {
	case "id", "customer_id":
		return ""
	case "interest_rate":
		return value.(interface{ String() string }).String() + " % a year"
	case "status":
		return statusWord(value.(string))
	}
	switch v := value.(type) {
	case int64:
		return money.Format(v)
	case civil.Date:
		if v.IsZero() {
			return ""
		}
		return day(v)
	case string:
		return v
	default:
		return ""
	}
}

func statusWord(status string) string {
	for _, f := range filters {
		if f.status == status && status != "" {
			return f.word
		}
	}
	return ""
}
