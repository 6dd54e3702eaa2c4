// Package envflag reads the flag --env: of commands that work on some
// environments, or on all that a repository has, and of those that work on one.
package envflag

import (
	"fmt"
	"io/fs"

	"github.com/gatorcloud/sluice/environments"
	"github.com/gatorcloud/sluice/renderer/model/fault"
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

// Usage is the help of --env where One reads it.
const Usage = "environment; needed where there are several"

// One returns the environment that a flag names; without a name the only one of
// a repository, whose root files are.
func One(files fs.FS, name string) (env ident.Environment, err error) {
	if name != "" {
		envs, err := Parse([]string{name})
		if err != nil {
			return env, err
		}
		return envs[0], nil
	}
	envs, err := All(files)
	if err != nil {
		return env, err
	}
	if len(envs) != 1 {
		all := make([]string, 0, len(envs))
		for _, e := range envs {
			all = append(all, e.String())
		}
		return env, fault.Hintf("name one with --env: "+fault.List(all), "reading --env: the repository has %d environments", len(envs))
	}
	return envs[0], nil
}
