package soak

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"sigs.k8s.io/yaml"

	"github.com/gatorcloud/sluice/environments"
	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/model/manifest"
)

// soaking returns the names of the environment's ring Applications that have a
// soak, sorted: of each such ring it is the last batch.
func soaking(files fs.FS, env ident.Environment) ([]string, error) {
	root, err := fs.Sub(files, manifest.Root)
	if err != nil {
		return nil, err
	}
	site, err := environments.Load(root, env)
	if err != nil {
		return nil, err
	}
	rings := map[string]bool{}
	for _, r := range site.Fleet.Rings {
		if r.SoakSeconds > 0 {
			rings[r.Name.String()] = true
		}
	}
	if len(rings) == 0 {
		return nil, nil
	}
	var names []string
	dir := manifest.EnvironmentPath(env) + "/" + manifest.FleetDir + "/" + manifest.RingsDir
	err = fs.WalkDir(files, dir, func(file string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || path.Ext(file) != ".yaml" || !ofRing(rings, strings.TrimPrefix(file, dir+"/")) {
			return err
		}
		name, err := soakingName(files, file)
		if name != "" {
			names = append(names, name)
		}
		return err
	})
	if errors.Is(err, fs.ErrNotExist) { // nothing is rendered yet
		return nil, nil
	}
	slices.Sort(names)
	return names, err
}

// ofRing reports whether a file may be that of a batch of one of the rings. A
// ring's name may begin with another's; the annotation decides.
func ofRing(rings map[string]bool, file string) bool {
	for ring := range rings {
		if strings.HasPrefix(file, ring) {
			return true
		}
	}
	return false
}

// soakingName returns the name of a rendered Application if it has a soak.
func soakingName(files fs.FS, file string) (string, error) {
	data, err := fs.ReadFile(files, file)
	if err != nil {
		return "", err
	}
	var app struct {
		Metadata struct {
			Name        string            `json:"name"`
			Annotations map[string]string `json:"annotations"`
		} `json:"metadata"`
	}
	if err := yaml.Unmarshal(data, &app); err != nil {
		return "", fmt.Errorf("reading %q: %w", file, err)
	}
	if _, soaks := app.Metadata.Annotations[manifest.AnnotationSoak]; !soaks {
		return "", nil
	}
	return app.Metadata.Name, nil
}
