// Package projections folds the events of Ledger into models: what decides whether an
// event may happen, and what pages show.
package projections
