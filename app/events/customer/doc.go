// Package customer holds what can happen to a customer, one fact a file. The stored
// names never change.
package customer
