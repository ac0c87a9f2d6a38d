package form_test

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"

	"cloud.google.com/go/civil"

	"github.com/ireneo-dev/ireneo"
	"github.com/ireneo-dev/ireneo/form"
)

type Paid struct {
	ireneo.Event `name:"bill.paid"`

	Amount int64      `json:"amount" form:"money" validate:"gt=0"`
	On     civil.Date `json:"on" label:"Date" validate:"required"`
}

func ExampleDecode() {
	handle := func(w http.ResponseWriter, r *http.Request) {
		ev := &Paid{}
		f, err := form.Decode(r, ev)
		switch {
		case err != nil:
			http.Error(w, "This is no form.", http.StatusBadRequest)
		case !f.Valid():
			w.WriteHeader(http.StatusUnprocessableEntity)
			fmt.Println(f.Messages("amount"), f.Messages("on"), f.Value("amount"))
		default:
			fmt.Println(ev.Amount, "cents on", ev.On)
		}
	}

	for _, body := range []string{"amount=1,234.56&on=2026-01-31", "amount=ten&on="} {
		r := httptest.NewRequest(http.MethodPost, "/bills/1/payments", strings.NewReader(body))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		handle(httptest.NewRecorder(), r)
	}
	// Output:
	// 123456 cents on 2026-01-31
	// [Amount must be an amount such as 1,234.56] [Date is required] ten
}

func ExampleNew() {
	f := form.New(&Paid{On: civil.Date{Year: 2026, Month: 1, Day: 31}})
	if err := f.Field("on").Render(context.Background(), os.Stdout); err != nil {
		log.Fatal(err)
	}
	// Output:
	// <div class="field"><label for="bill-paid-on">Date </label><input autocomplete="off" id="bill-paid-on" max="2199-12-31" min="1900-01-01" name="on" required type="date" value="2026-01-31"></div>
}
