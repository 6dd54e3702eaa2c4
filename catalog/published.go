package catalog

import (
	"embed"
	"io/fs"
)

// published is the catalog that lives beside this code.
//
//go:embed all:products all:shared catalog.lock declared.yaml
var published embed.FS

// Published returns the catalog that sluice was built with: what the demo
// pushes and the tests render. It is read-only and the same in every run.
func Published() fs.FS { return published }
