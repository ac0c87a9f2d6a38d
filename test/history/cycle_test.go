package history

import (
	"fmt"
	"slices"
	"strings"
)

// graph is which operation must come before which.
type graph struct {
	ops   []*operation
	edges [][]edge
}

type edge struct {
	to  int
	why string // ww, wr or rw, and of which stream
}

// checkCycles looks for operations that cannot be put into an order in which each one read
// what the ones before it had written, and overwrote what those before it had read: the
// graph of Adya's thesis, from the versions that each committed operation says it has read
// and has written. Commands that wrote nothing have no place in that order: see partial_test.go.
func checkCycles(r *report, all []*operation, streams map[string][]*entry) {
	for _, loop := range dependencies(all, streams).components() {
		r.add(cycle, "%s", loop)
	}
}

// dependencies are those of all operations that are in the log.
func dependencies(all []*operation, streams map[string][]*entry) *graph {
	g := &graph{}
	number := map[string]int{}
	for _, op := range all {
		if len(op.entries) > 0 {
			number[op.id] = len(g.ops)
			g.ops = append(g.ops, op)
		}
	}
	g.edges = make([][]edge, len(g.ops))
	writer := func(stream string, version int64) (n int, ok bool) {
		if version < 1 || version > int64(len(streams[stream])) {
			return 0, false
		}
		n, ok = number[streams[stream][version-1].Fields.Op]
		return n, ok
	}

	for stream, entries := range streams {
		for version := int64(2); version <= int64(len(entries)); version++ {
			before, ok := writer(stream, version-1)
			if after, there := writer(stream, version); ok && there {
				g.connect(before, after, "ww "+stream)
			}
		}
	}
	for n, op := range g.ops {
		for stream, version := range op.reads() {
			if before, ok := writer(stream, version); ok {
				g.connect(before, n, "wr "+stream)
			}
			if after, ok := writer(stream, version+1); ok {
				g.connect(n, after, "rw "+stream)
			}
		}
	}
	return g
}

// reads are the versions that the operation was decided on.
func (op *operation) reads() map[string]int64 {
	if op.invoke.Expect != nil {
		return map[string]int64{op.entries[0].stream(): *op.invoke.Expect}
	}
	return op.entries[0].Fields.Read
}

func (g *graph) connect(from, to int, why string) {
	if from != to {
		g.edges[from] = append(g.edges[from], edge{to, why})
	}
}

// components finds the sets of operations of which each must come before each other, by
// Tarjan's algorithm, and describes a shortest way round in each.
func (g *graph) components() (loops []string) {
	t := &tarjan{graph: g, index: make([]int, len(g.ops)), low: make([]int, len(g.ops)), on: make([]bool, len(g.ops))}
	for n := range g.ops {
		if t.index[n] == 0 {
			t.visit(n)
		}
	}
	for _, c := range t.found {
		loops = append(loops, g.shortest(c))
	}
	return loops
}

type tarjan struct {
	*graph
	count      int
	index, low []int // from 1; zero: not visited
	on         []bool
	stack      []int
	found      [][]int
}

func (t *tarjan) visit(n int) {
	t.count++
	t.index[n], t.low[n], t.on[n] = t.count, t.count, true
	t.stack = append(t.stack, n)
	for _, e := range t.edges[n] {
		if t.index[e.to] == 0 {
			t.visit(e.to)
			t.low[n] = min(t.low[n], t.low[e.to])
		} else if t.on[e.to] {
			t.low[n] = min(t.low[n], t.index[e.to])
		}
	}
	if t.low[n] != t.index[n] {
		return
	}
	first := len(t.stack) - 1
	for t.on[n] {
		t.on[t.stack[first]] = false
		first--
	}
	component := slices.Clone(t.stack[first+1:])
	t.stack = t.stack[:first+1]
	if len(component) > 1 {
		t.found = append(t.found, component)
	}
}

// shortest describes a shortest way from the first of a component back to it.
func (g *graph) shortest(component []int) string {
	inside := map[int]bool{}
	for _, n := range component {
		inside[n] = true
	}
	start := component[0]
	type step struct {
		from int
		why  string
	}
	came := map[int]step{}
	for queue := []int{start}; len(queue) > 0; queue = queue[1:] {
		for _, e := range g.edges[queue[0]] {
			if _, been := came[e.to]; been || !inside[e.to] {
				continue
			}
			came[e.to] = step{queue[0], e.why}
			queue = append(queue, e.to)
		}
	}
	way := []string{g.ops[start].String()}
	for n := start; ; {
		s := came[n]
		way = append(way, fmt.Sprintf("%s --%s-->", g.ops[s.from], s.why))
		if n = s.from; n == start {
			break
		}
	}
	slices.Reverse(way)
	return fmt.Sprintf("%s (%d operations)", strings.Join(way, " "), len(component))
}
