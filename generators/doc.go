// Package generators writes the files of an application: events, streams, projections
// and migrations, each with its test. It never edits what somebody wrote. Everything
// is planned and formatted in memory and checked for conflicts before the first write;
// a step that fails leaves the tree as it was.
package generators
