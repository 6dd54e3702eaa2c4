package environments

import (
	"embed"
	"io/fs"
)

// example is the environment of one machine, as people wrote it.
//
//go:embed local/environment.yaml local/fleet.yaml local/tenants.example.yaml
var example embed.FS

// Example returns the environments folder with the environment "local" and
// its example tenants. It is read-only and the same in every run.
func Example() fs.FS { return example }
