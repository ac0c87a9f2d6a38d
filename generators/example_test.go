package generators_test

import (
	"fmt"
	"log"

	"github.com/ireneo-dev/ireneo/generators"
)

func ExampleParseEvent() {
	for _, text := range []string{"debt/issued", "Debt.Issued", "DebtPaymentReceived"} {
		name, err := generators.ParseEvent(text, false)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(name.Stored(), name.Event.Go, name.Event.Label())
	}
	_, err := generators.ParseEvent("debts/issued", false)
	fmt.Println(err)
	// Output:
	// debt.issued Issued Issued
	// debt.issued Issued Issued
	// debt.payment_received PaymentReceived Payment received
	// stream "debts": did you mean debt? Say --keep-name to keep it
}

func ExampleParseField() {
	f, err := generators.ParseField("amount:money:null")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(f.Name.Go, f.GoType(), f.Tag())
	// Output: Amount *int64 `json:"amount,omitempty" form:"money" validate:"omitempty,gt=0"`
}

func ExampleParseCommand() {
	name, err := generators.ParseCommand("account/transfer", false)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(name.Stored(), name.Command.Go)
	_, err = generators.ParseCommand("transfer", false)
	fmt.Println(err)
	// Output:
	// account.transfer Transfer
	// command "transfer": say what is to be done with which stream, such as account/transfer
}
