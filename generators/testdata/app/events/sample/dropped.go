package sample

import "github.com/ireneo-dev/ireneo"

// Dropped says that something happened to a sample: dropped.
type Dropped struct {
	ireneo.Event `name:"sample.dropped"`
}
