package history

import (
	"math"
	"time"

	"github.com/anishathalye/porcupine"
)

// call is one operation on one stream: an append, or with no events a read.
type call struct {
	op     *operation
	stream string
	events int
	expect *int64
}

// register is a stream as its callers know it: its version.
var register = porcupine.Model{
	Partition: func(history []porcupine.Operation) (parts [][]porcupine.Operation) {
		place := map[string]int{}
		for _, o := range history {
			stream := o.Input.(call).stream
			if _, ok := place[stream]; !ok {
				place[stream] = len(parts)
				parts = append(parts, nil)
			}
			parts[place[stream]] = append(parts[place[stream]], o)
		}
		return parts
	},
	Init: func() any { return int64(0) },
	Step: func(state, input, output any) (bool, any) {
		version, c, told := state.(int64), input.(call), output.(answer)
		switch {
		case told.conflict:
			return version != *c.expect, version
		case c.events == 0:
			return told.version == version, version
		}
		return told.version == version+1, version + int64(c.events)
	},
}

// answer is what a call was told: the version it saw, or the first it wrote.
type answer struct {
	version  int64
	conflict bool
}

// checkLinear looks, stream by stream, for an order of the calls that explains the answer to
// each, and in which none comes before one that had ended when it began. Of those without
// an answer the log says what became of them, and that may have been at any time.
func checkLinear(r *report, all []*operation) {
	var history []porcupine.Operation
	clients := map[string]int{}
	for _, op := range all {
		if _, ok := clients[op.process]; !ok {
			clients[op.process] = len(clients)
		}
		for _, o := range op.calls() {
			o.ClientId = clients[op.process]
			history = append(history, o)
		}
	}
	for _, part := range register.Partition(history) {
		if result := porcupine.CheckOperationsTimeout(register, part, time.Minute); result != porcupine.Ok {
			r.add(nonlinear, "%s: no order of its %d operations explains their answers (%s)", part[0].Input.(call).stream, len(part), result)
		}
	}
}

// calls are what the operation did to each of its streams.
func (op *operation) calls() (calls []porcupine.Operation) {
	ends := op.outcome.At
	if op.outcome.Kind != accepted && op.outcome.Kind != conflict {
		ends = math.MaxInt64
	}
	add := func(stream string, events int, expect *int64, told answer) {
		calls = append(calls, porcupine.Operation{
			Input: call{op, stream, events, expect}, Call: op.invoke.At, Output: told, Return: ends,
		})
	}
	if op.invoke.What == "read" && op.outcome.Kind == accepted {
		for stream, version := range op.outcome.Read {
			add(stream, 0, nil, answer{version: version})
		}
	}
	if op.invoke.Expect != nil && op.outcome.Kind == conflict {
		add(op.invoke.Streams[0], 0, op.invoke.Expect, answer{conflict: true})
	}
	first, count := map[string]int64{}, map[string]int{}
	for _, n := range op.entries {
		if v, ok := first[n.stream()]; !ok || n.Version < v {
			first[n.stream()] = n.Version
		}
		count[n.stream()]++
	}
	for stream, version := range first {
		add(stream, count[stream], nil, answer{version: version})
	}
	return calls
}
