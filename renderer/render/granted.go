package render

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/model/manifest"
)

// Granted returns what the rings of a commit grant to its tenants, and which
// shared parts it has, from the rendered files alone: rollouts.yaml is not read.
func (s Stored) Granted() (map[ident.Tenant]map[ident.Product]ident.Version, map[ident.Component]ident.Version, error) {
	slices, err := s.slices()
	if err != nil {
		return nil, nil, err
	}
	members := map[ident.Tenant]Membership{}
	if err := s.products(members, slices); err != nil {
		return nil, nil, err
	}
	root := manifest.EnvironmentPath(s.env) + "/"
	all := map[ident.Tenant]map[ident.Product]ident.Version{}
	for _, b := range slices {
		name := root + manifest.FleetDir + "/rings/" + strings.Trim(strings.TrimPrefix(b.dir, root+manifest.RingsDir), "/") + ".yaml"
		data, err := fs.ReadFile(s.files, name)
		if err != nil {
			return nil, nil, fmt.Errorf("reading what ring %q grants: %w", b.ring, err)
		}
		_, granted, err := manifest.ReadGrants(data)
		if err != nil {
			return nil, nil, fmt.Errorf("reading %s: %w", name, err)
		}
		for _, id := range b.members {
			all[id] = held(members[id], granted)
		}
	}
	shared, err := s.parts()
	return all, shared, err
}

// held returns what a member runs of what its ring grants. One whose file was
// edited runs all of it.
func held(m Membership, granted map[ident.Product]ident.Version) map[ident.Product]ident.Version {
	if m.Products == nil {
		return granted
	}
	runs := map[ident.Product]ident.Version{}
	for _, p := range m.Products {
		if runs[p.Name] = p.Pin; p.Pin.IsZero() {
			runs[p.Name] = granted[p.Name]
		}
	}
	return runs
}

// parts returns the newest version of each shared part that has an overlay.
func (s Stored) parts() (map[ident.Component]ident.Version, error) {
	all := map[ident.Component]ident.Version{}
	root := manifest.EnvironmentPath(s.env) + "/" + manifest.SharedDir
	err := s.below(root, 1, func(dir string) error {
		name, version, _ := strings.Cut(strings.TrimPrefix(dir, root+"/"), "/")
		c, err1 := ident.Parse[ident.ComponentKind](name)
		v, err2 := ident.Parse[ident.VersionKind](version)
		if err := errors.Join(err1, err2); err != nil {
			return nil //nolint:nilerr // not ours
		}
		if ident.CompareVersions(v.String(), all[c].String()) > 0 {
			all[c] = v
		}
		return nil
	})
	return all, err
}
