// Package envflag reads the flag --env of commands that work on some
// environments, or on all that a repository has.
package envflag

import (
	"fmt"
	"io/fs"

	"github.com/gatorcloud/sluice/environments"
	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/model/manifest"
)

// Parse reads the names that were given.
func Parse(names []string) ([]ident.Environment, error) {
	var envs []ident.Environment
	for _, name := range names {
		env, err := ident.Parse[ident.EnvironmentKind](name)
		if err != nil {
			return nil, fmt.Errorf("reading --env: %w", err)
		}
		envs = append(envs, env)
	}
	return envs, nil
}

// All returns the environments of a repository, whose root files are.
func All(files fs.FS) ([]ident.Environment, error) {
	root, err := fs.Sub(files, manifest.Root)
	if err != nil {
		return nil, err
	}
	return environments.List(root)
}
