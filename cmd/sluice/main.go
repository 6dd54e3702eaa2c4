// Command sluice turns tenant authorisations into per-tenant Kustomize
// overlays in Git.
package main

import (
	"os"

	"github.com/gatorcloud/sluice/cmd/internal/wire"
)

func main() { os.Exit(wire.Main(os.Args[1:])) }
