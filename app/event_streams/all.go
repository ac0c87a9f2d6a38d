// Package streams declares the event streams of Ledger.
package streams

import "github.com/ireneo-dev/ireneo"

// All are the streams of the application, for ireneo.Config.
var All = []*ireneo.Stream{Account, Customer, Debt}
