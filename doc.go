// Package ireneo is for web applications that never forget. An application declares
// events, event streams and projections; Ireneo validates each event, checks it
// against the history of its stream, stores it once, keeps read models current, and
// can show any state at any moment: what was known, and what was true.
//
// Three concepts:
//
//   - An event is a struct that embeds Event: one fact, in the past tense.
//   - A Stream is the history of one thing. Stream.For gives a Handle to append to.
//   - A Projection folds events into a model: to check an event before it is stored
//     (consistency), to keep a row beside it (transactional), or to look at any moment
//     (Projection.Replay).
//
// A Log ties them to a database: Open one on a store, put it on a context with
// WithLog, and streams and projections work from there. The ideas of events, streams
// and three tiers of projections follow the Ruby gem Funes.
package ireneo
