package ireneo_test

import (
	"fmt"
	"testing"

	"github.com/ireneo-dev/ireneo"
)

// BenchmarkDecode is what reading costs an event once its record is in memory.
func BenchmarkDecode(b *testing.B) {
	for _, ev := range recorded() {
		typ := typeOf(ev)
		r := recordOf(b, typ, ev)
		b.Run(fmt.Sprintf("%T", ev)[1:], func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := ireneo.Decode(typ, r); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkEncode is what writing costs an event before its record is sent.
func BenchmarkEncode(b *testing.B) {
	for _, ev := range recorded() {
		typ := typeOf(ev)
		b.Run(fmt.Sprintf("%T", ev)[1:], func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, errs := ireneo.Encode(typ, ev); len(errs) > 0 {
					b.Fatal(errs)
				}
			}
		})
	}
}
