package manifest

import (
	"slices"
	"strings"
)

// CatalogDir is the folder of a repository that holds what is sold.
const CatalogDir = "catalog"

// RolloutsFile is the file of an environment in which the engine keeps the
// order of versions.
const RolloutsFile = "rollouts.yaml"

// Owner says who writes a file of a repository.
type Owner int

const (
	// Nobody is the owner of what is no part of a fleet, such as a README.
	Nobody Owner = iota
	// People write the catalog and an environment's own files.
	People
	// Renderer writes what it renders, and rollouts.yaml.
	Renderer
)

// OwnerOf returns who writes the file at a path of a repository.
func OwnerOf(path string) Owner {
	top, rest, _ := strings.Cut(path, "/")
	if top == CatalogDir && rest != "" {
		return People
	}
	_, file, inside := strings.Cut(rest, "/")
	if top != Root || !inside {
		return Nobody
	}
	if dir, _, _ := strings.Cut(file, "/"); file == RolloutsFile || slices.Contains(RenderedDirs(), dir) {
		return Renderer
	}
	return People
}
