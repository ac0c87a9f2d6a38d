package ireneo

// Sibling opens a second log on the same database, with caches of its own, as another
// process has.
func Sibling(l *Log, config Config) (*Log, error) { return Open(l.store, config) }
