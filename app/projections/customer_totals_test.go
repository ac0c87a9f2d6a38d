package projections_test

import (
	"math/big"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ireneo-dev/ireneo/app/events/debt"
	"github.com/ireneo-dev/ireneo/app/projections"
)

// Every debt counts, and the sum may exceed what one amount may be.
func TestCustomerTotals_Interpretation(t *testing.T) {
	const most = 1<<63 - 1
	total := &projections.CustomerTotal{}
	for range 3 {
		if err := projections.CustomerTotals.Interpret(total, &debt.Issued{CustomerID: "1", Amount: most}, time.Time{}); err != nil {
			t.Fatal(err)
		}
	}
	want := new(big.Int).Mul(big.NewInt(3), big.NewInt(most))
	if diff := cmp.Diff(want.String(), total.Lent().String()); diff != "" || total.Debts != 3 {
		t.Errorf("%d debts (-want +got):\n%s", total.Debts, diff)
	}
}
