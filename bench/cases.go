package main

import (
	"slices"
	"time"
)

// cases is the table. A new row is an entry here.
func cases() []row {
	return slices.Concat(
		appendCases(), depthCases(), postCases(), sqliteCases(), projectionCases(),
		besideSubscriptions("append", 8, startBeside),
		besideSubscriptions("append", 1, startBeside),
		besideSubscriptions("append, SQLite", 1, startBesideSQLite),
		peers(), baselines(),
	)
}

func appendCases() []row {
	return []row{
		{id: "L", name: pgbenchInsert, clients: 1, start: startPgbench},
		{id: "P1", name: "append, warm", clients: 1, limit: postgresL(1), target: atLeast(0.85), start: startAppend},
		{id: "L", name: pgxInsert, clients: 1, limit: postgresL(1), start: startPgxInsert},
		{name: "store insert, no framework", clients: 1, limit: postgresL(1), start: startStoreInsert},
		{name: "append + transactional read model", clients: 1, limit: postgresL(1), start: startAppendRow},
		{id: "P7", name: "append to one hot stream", clients: 32, limit: postgresL(1), target: atLeast(0.8), start: startHot},

		{id: "L", name: pgbenchInsert, clients: 8, start: startPgbench},
		{name: "append, warm", clients: 8, limit: postgresL(8), start: startAppend},
		{id: "L", name: pgxInsert, clients: 8, limit: postgresL(8), start: startPgxInsert},

		{id: "L", name: pgbenchInsert, clients: 32, start: startPgbench},
		{id: "P2", name: "append, warm", clients: 32, limit: postgresL(32), target: atLeast(1.5), start: startAppend},
		{name: "append, warm", clients: 128, limit: postgresL(32), start: startAppend},
		{id: "P3", name: "append, warm", clients: 512, limit: postgresL(32), target: atLeast(4), start: startAppend},
		{id: "P6", name: "append + transactional read model", clients: 32, limit: postgresL(32), target: atLeast(1.4), start: startAppendRow},
		{id: "P11", name: "command that writes two streams", clients: 32, limit: postgresL(32), target: atLeast(0.25), start: startCommands(true)},
		{id: "P11", name: "command that reads one, writes another", clients: 32, limit: postgresL(32), target: atLeast(0.25), start: startCommands(false)},
		{id: "L", name: pgxInsert, clients: 32, limit: postgresL(32), start: startPgxInsert},
	}
}

func depthCases() []row {
	const (
		shallow = "append, warm, depth 1"
		deepest = "append, warm, depth 10 000"
		read    = "read of one snapshot"
	)
	return []row{
		{name: shallow, clients: 1, limit: postgresL(1), start: startShallow},
		{id: "P4", name: deepest, clients: 1, limit: limit{shallow, 1}, target: latencyAtMost(1.05), start: startDeep},
		{name: read, clients: 1, start: startReadSnapshot},
		{id: "P5", name: "append, cold, snapshot, depth 10 000", clients: 1, limit: limit{deepest, 1}, sum: sum{3, limit{read, 1}}, target: latencyAtMost(1), start: startSnapshots},

		{name: "load + append, cold, depth 1000", clients: 1, limit: postgresL(1), start: startCold},
		{name: "replay + insert, GORM, depth 1000", clients: 1, limit: postgresL(1), start: startNaive},
		{id: "P8", name: "replay, depth 1000", clients: 1, limit: limit{fastestReplay + ": replay 1000", 1}, target: atLeast(4), start: startReplays},
		{name: "replay, depth 1000", clients: 8, start: startReplays},
		{id: "P9", name: "append, warm, depth 1000", clients: 32, limit: limit{fastestReplay + ": load + append, depth 1000", 32}, target: atLeast(40), start: startDeepAppends},
	}
}

// fastestReplay is the peer that is the fastest at what P8 and P9 are about, of those that can be had.
const fastestReplay = "message-db"

func postCases() []row {
	const bare = "INSERT, form post to bare Echo"
	return []row{
		{name: bare, clients: 32, start: startBarePost},
		{id: "P13", name: "form post, append, redirect", clients: 32, limit: limit{bare, 32}, target: atLeast(0.7), start: startPost(recordOnce)},
		{name: "form post without key", clients: 32, limit: limit{bare, 32}, start: startPost(recordUnkeyed)},
	}
}

func sqliteCases() []row {
	const raw = "INSERT, modernc driver, FULL"
	return []row{
		{name: raw, clients: 1, start: startRawSQLite},
		{id: "P14", name: "append, SQLite, FULL", clients: 1, limit: limit{raw, 1}, target: atLeast(0.85), start: startSQLite},
		{name: "append, SQLite, FULL", clients: 32, limit: limit{raw, 1}, start: startSQLite},
	}
}

// projectionCases are those whose operations take seconds.
func projectionCases() []row {
	const copied = "COPY of the same events"
	return []row{
		{id: "P12", name: "append until async projection is seen", clients: 8, target: p99AtMost(50 * time.Millisecond), start: startDelivery, once: true},

		{name: copied, clients: 1, start: startCopy, once: true},
		{id: "P10", name: "rebuild", clients: 1, limit: limit{copied, 1}, target: atLeast(0.5), start: startRebuild, once: true},
		{id: "P15", name: "rebuild, memory", clients: 1, target: memoryAtMost(256 << 20), start: watchingMemory(startRebuild), once: true},
		{id: "P15", name: "replay of one stream, memory", clients: 1, target: memoryAtMost(256 << 20), start: watchingMemory(startReplay), once: true},
	}
}

// besideSubscriptions are appends beside a subscription of each kind: what its handler does must not
// matter to them. What a subscription costs that does nothing is in the limit.
func besideSubscriptions(name string, clients int, start func(handle) start) []row {
	limits, unslowed := limit{name + " beside a quick handler", clients}, atLeast(0.95)
	return []row{
		{name: name + " beside nothing", clients: clients, limit: limits, start: start(nil)},
		{name: limits.name, clients: clients, start: start(quick)},
		{id: "S06", name: name + " beside a slow handler", clients: clients, limit: limits, target: unslowed, start: start(slow)},
		{id: "S06", name: name + " beside a failing handler", clients: clients, limit: limits, target: unslowed, start: start(failing)},
	}
}
