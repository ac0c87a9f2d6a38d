// Package alone keeps tests apart that want the whole machine: one that measures time, and
// one that leaves nobody any. go test runs the packages of both at once.
package alone
