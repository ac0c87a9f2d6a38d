// Package projections folds the events of the application into models: what decides
// whether an event may happen, and what pages show.
package projections
