// Package streams declares the event streams of Ledger.
package streams
