// Package replicaid names a replica for people.
package replicaid

import (
	"fmt"
	"os"
)

// Of returns what --id says, else host and process.
func Of(id string) string {
	if id != "" {
		return id
	}
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	return fmt.Sprintf("%s-%d", host, os.Getpid())
}
