// Package flock takes advisory locks on files that end with their process at
// the latest, so that a lock which can be taken proves its owner dead.
package flock
