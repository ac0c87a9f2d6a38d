// Package history tests a whole run from the outside. Processes append, decide, read,
// subscribe and follow on one database, all at once; each writes down what it is about to
// do and what it was told, line by line, in a file of its own. Meanwhile processes are
// killed, backends are terminated, and a proxy that understands PostgreSQL's protocol cuts
// connections around every commit. In the end the checker reads the log, the rows and all
// those files, and says what does not fit, in the manner of Jepsen's Elle.
//
// # What is written down
//
// A line is a JSON object. An operation has an invoke, written before it begins, and one
// outcome, which is on disk before the operation counts as acknowledged:
//
//	ok        it was committed
//	conflict  somebody else was first; nothing was written
//	rejected  by its own rules, or rolled back by the host; nothing was written
//	failed    the database was away, or the context ended; nothing was written
//	unknown   nobody knows; all of it is there, or nothing
//
// One without an outcome is unknown, too: its process was killed. Of deliveries there are
// follow, where a follower begins, deliver and checkpoint; of what the test does to the
// processes there is fault.
//
// # What must not be found
//
// See the anomalies in anomaly_test.go. That each is found where it is there is tested on
// histories made by hand, and what matters most with mutants, too: workers whose store, or
// whose subscription, does something wrong.
//
// # How to run more of it
//
//	go test ./test/history -run TestHistory -history.ops 100000 -history.duration 20m -v
//
// It ends with whichever comes first. Where something is found the histories are kept, and
// the test says where.
//
// The seed that is printed decides what the workers do, not how the machine interleaves
// them: the same seed is a similar run, not the same one.
package history
