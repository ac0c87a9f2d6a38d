package main

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
)

// headings are the columns of the table.
var headings = []string{"id", "row", "×", "ops/s", "p50 ms", "p99 ms", "CPU µs/op", "of limit", "target", "verdict"}

// Between these are the columns of numbers.
const firstNumber, lastNumber = 2, 7

// widest is how many characters of a row's name fit beside its figures.
const widest = 40

// write prints the table.
func (r *report) write(w io.Writer) {
	lines := [][]string{headings}
	var above string
	for _, row := range r.Rows {
		head, cells := row.cells()
		if head != "" && head != above {
			lines = append(lines, append([]string{"", head}, make([]string, len(headings)-2)...))
		}
		above = head
		lines = append(lines, cells)
	}
	widths := make([]int, len(headings))
	for _, line := range lines {
		for i, cell := range line {
			widths[i] = max(widths[i], len([]rune(cell)))
		}
	}

	fmt.Fprintln(w, r.Setup.String())
	for _, line := range lines {
		fmt.Fprintln(w, align(line, widths))
	}
	fmt.Fprintf(w, "\n%s%s\n", r.legend(), r.drift())
}

func align(cells []string, widths []int) string {
	var b strings.Builder
	for i, cell := range cells {
		padding := strings.Repeat(" ", widths[i]-len([]rune(cell)))
		if i < firstNumber || i > lastNumber {
			b.WriteString(cell + padding + "  ")
		} else {
			b.WriteString(padding + cell + "  ")
		}
	}
	return strings.TrimRight(b.String(), " ")
}

// cells are the row's line, and the one above it where its name needs two.
func (r *result) cells() (head string, cells []string) {
	head, name := fold(r.Name)
	return head, []string{
		r.ID, name, fmt.Sprint(r.Clients), fmt.Sprintf("%.0f", r.Ops), millis(r.P50), millis(r.P99), r.CPU.String(),
		r.ofLimit(), r.Target, string(r.Verdict),
	}
}

// fold breaks the name of a peer's row behind the peer, and other long ones where they fit.
func fold(name string) (head, rest string) {
	if peer, work, ok := strings.Cut(name, ": "); ok {
		return peer, " " + work
	}
	if len([]rune(name)) <= widest {
		return "", name
	}
	at := strings.LastIndex(name[:widest], " ")
	return name[:at], " " + name[at+1:]
}

// ofLimit is the ratio, or the memory that a target is about.
func (r *result) ofLimit() string {
	switch {
	case r.row.target.kind == memory:
		return r.row.target.show(float64(r.Memory.Live))
	case r.Ratio == nil:
		return ""
	default:
		return fmt.Sprintf("%s ±%s", precise(r.Ratio.Median), precise(r.Ratio.noise()))
	}
}

// precise has two digits behind the point where there is one digit before it.
func precise(v float64) string {
	if v >= 10 {
		return fmt.Sprintf("%.1f", v)
	}
	return fmt.Sprintf("%.2f", v)
}

// millis has at least three digits.
func millis(d time.Duration) string {
	ms := float64(d) / float64(time.Millisecond)
	switch {
	case ms < 10:
		return fmt.Sprintf("%.3f", ms)
	case ms < 100:
		return fmt.Sprintf("%.1f", ms)
	default:
		return fmt.Sprintf("%.0f", ms)
	}
}

// legend says what each row's limit is, and how the rest was measured.
func (r *report) legend() string {
	said := []string{"CPU µs/op: of this process and the programs it starts + of PostgreSQL. ±: half of what lies between the rounds."}
	switch {
	case r.comparesWith(pgbenchInsert):
		said = append(said, "L is "+pgbenchInsert+", at as many clients as the row has"+r.otherwise(pgbenchInsert)+".")
	case r.comparesWith(pgxInsert):
		said = append(said, "L is "+pgxInsert+", at as many clients as the row has"+r.otherwise(pgxInsert)+": this machine has no pgbench.")
	}
	for _, held := range r.heldTo() {
		said = append(said, "The limit of "+strings.Join(held.rows, " and of ")+" is "+held.limit+".")
	}
	for _, row := range r.Rows {
		if row.row.target.kind == memory {
			said = append(said, fmt.Sprintf("Memory of %s: live, RSS: %s MiB.", row.Name, cmp.Or(row.Memory.String(), "unknown")))
		}
	}
	return wrap(append(said, r.Notes...))
}

// page is how many characters a line has at most.
const page = 120

// wrap breaks lines between words.
func wrap(lines []string) string {
	var b strings.Builder
	for _, line := range lines {
		at := 0
		for word := range strings.FieldsSeq(line) {
			n := len([]rune(word))
			switch {
			case at == 0:
			case at+1+n > page:
				b.WriteString("\n  ")
				at = 2
			default:
				b.WriteByte(' ')
				at++
			}
			b.WriteString(word)
			at += n
		}
		b.WriteByte('\n')
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// otherwise are the rows that are held to a limit at another number of clients.
func (r *report) otherwise(name string) string {
	var said []string
	for _, row := range r.Rows {
		if of := row.row.limit; of.name == name && of.clients != row.Clients {
			said = append(said, fmt.Sprintf("of %s at %d", row.row, of.clients))
		}
	}
	if len(said) == 0 {
		return ""
	}
	return ", but " + strings.Join(said, ", ")
}

// held is rows that have one limit, which is not L.
type held struct {
	limit string
	rows  []string
}

func (r *report) heldTo() (all []held) {
	for _, row := range r.Rows {
		if row.Limit == "" || row.row.limit.name == pgbenchInsert || row.row.limit.name == pgxInsert {
			continue
		}
		i := slices.IndexFunc(all, func(h held) bool { return h.limit == row.Limit })
		if i < 0 {
			i, all = len(all), append(all, held{limit: row.Limit})
		}
		all[i].rows = append(all[i].rows, row.row.String())
	}
	return all
}

func (r *report) comparesWith(name string) bool {
	return slices.ContainsFunc(r.Rows, func(row result) bool { return row.row.limit.name == name })
}

// drift names the limits that were disturbed.
func (r *report) drift() string {
	var said string
	for _, row := range r.Rows {
		if r.disturbedLimit(row) {
			rates := row.values(func(s sample) float64 { return s.Ops })
			said += fmt.Sprintf("\nDisturbed: %s ran at %.0f to %.0f ops/s.", row.row, slices.Min(rates), slices.Max(rates))
		}
	}
	return said
}
