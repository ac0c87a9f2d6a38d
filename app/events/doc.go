// Package events has all that can happen in Ledger.
package events
