package store

import "time"

// Holder is a transaction that has appended and is still open. What was appended after it
// is not settled until it ends.
type Holder struct {
	Process     int       `json:"process"`     // of the database server
	Application string    `json:"application"` // what the client calls itself
	Client      string    `json:"client"`      // its address; empty: the same machine
	State       string    `json:"state"`       // what it does, in the database's words
	Since       time.Time `json:"since"`       // when it began; zero where the role may not see that (pg_read_all_stats)
}
