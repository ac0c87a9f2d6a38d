package ireneo

// Sibling opens a second log on the same database, with caches of its own, as another
// process has.
func Sibling(l *Log, config Config) (*Log, error) { return Open(l.store, config) }

// Joins reports whether somebody who has read up to a position may go on with the tail.
func (l *Log) Joins(after int64) bool {
	f := l.join(after)
	if f == nil {
		return false
	}
	l.leave(f)
	return true
}
