package store

import (
	"fmt"
	"hash/fnv"
	"strings"
	"unicode/utf8"
)

const (
	shadowEnding = "__shadow"
	oldEnding    = "__old"

	maxName = 63 // bytes of a name that PostgreSQL keeps
)

// ShadowOf is the name of the table that Tables.Shadow makes beside table, which may be
// schema-qualified. Names of indexes follow the same rule. One that would be too long is
// cut, and a hash of all of it stands for the rest.
func ShadowOf(table string) string { return beside(table, shadowEnding) }

// OldOf is the name under which Tables.Swap keeps what was there before.
func OldOf(table string) string { return beside(table, oldEnding) }

// IsSpare says whether name is one that ShadowOf or OldOf gives.
func IsSpare(name string) bool {
	return strings.HasSuffix(name, shadowEnding) || strings.HasSuffix(name, oldEnding)
}

func beside(name, ending string) string {
	if len(Bare(name))+len(ending) <= maxName {
		return name + ending
	}

	h := fnv.New32a()
	h.Write([]byte(name))
	ending = fmt.Sprintf("_%08x%s", h.Sum32(), ending)
	bare := Bare(name)
	end := maxName - len(ending)
	for !utf8.RuneStart(bare[end]) {
		end--
	}

	return strings.TrimSuffix(name, bare) + bare[:end] + ending
}

// Bare is table without its schema.
func Bare(table string) string { return table[strings.LastIndexByte(table, '.')+1:] }
