// Package streams declares the event streams of the application.
package streams
