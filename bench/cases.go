package main

// cases is the table, in the order in which its rows are measured within a round: each limit close
// to what is held to it. A new row is an entry here.
func cases() []row {
	const (
		shallow = "append, warm, depth 1"
		raw     = "INSERT, modernc driver, FULL"
		bare    = "INSERT, form post to bare Echo"
	)
	return []row{
		{id: "L", name: pgbenchInsert, clients: 1, start: startPgbench},
		{id: "P1", name: "append, warm", clients: 1, limit: postgresL(1), target: atLeast(0.85), start: startAppend},
		{id: "L", name: pgxInsert, clients: 1, limit: postgresL(1), start: startPgxInsert},
		{name: "store insert, no framework", clients: 1, limit: postgresL(1), start: startStoreInsert},
		{name: "append + transactional read model", clients: 1, limit: postgresL(1), start: startAppendRow},

		{id: "L", name: pgbenchInsert, clients: 8, start: startPgbench},
		{name: "append, warm", clients: 8, limit: postgresL(8), start: startAppend},
		{id: "L", name: pgxInsert, clients: 8, limit: postgresL(8), start: startPgxInsert},

		{id: "L", name: pgbenchInsert, clients: 32, start: startPgbench},
		{name: "append, warm", clients: 32, limit: postgresL(32), start: startAppend},
		{id: "L", name: pgxInsert, clients: 32, limit: postgresL(32), start: startPgxInsert},

		{name: shallow, clients: 1, limit: postgresL(1), start: startShallow},
		{id: "P4", name: "append, warm, depth 10 000", clients: 1, limit: limit{shallow, 1}, target: latencyAtMost(1.05), start: startDeep},

		{name: "load + append, cold, depth 1000", clients: 1, limit: postgresL(1), start: startCold},
		{name: "replay + insert, GORM, depth 1000", clients: 1, limit: postgresL(1), start: startNaive},

		{name: bare, clients: 32, start: startBarePost},
		{id: "P13", name: "form post, append, redirect", clients: 32, limit: limit{bare, 32}, target: atLeast(0.7), start: startPost(recordOnce)},
		{name: "form post without key", clients: 32, limit: limit{bare, 32}, start: startPost(recordUnkeyed)},

		{name: raw, clients: 1, start: startRawSQLite},
		{id: "P14", name: "append, SQLite, FULL", clients: 1, limit: limit{raw, 1}, target: atLeast(0.85), start: startSQLite},
	}
}
