// Package delivery tests what comes after the commit with processes that are killed: many
// write, some deliver, connections break, and in the end every subscription must have seen
// every event once and in order, and every projection must be what the log says.
//
// The test binary starts itself again in a role, see TestMain.
package delivery
