package image

import (
	"cmp"
	"maps"
	"slices"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// statement is what in-toto says of an image, with SLSA's provenance.
type statement struct {
	Type          string     `json:"_type"`
	Subject       []resource `json:"subject"`
	PredicateType string     `json:"predicateType"`
	Predicate     predicate  `json:"predicate"`
}

// resource is something that has a digest.
type resource struct {
	Name   string            `json:"name,omitempty"`
	URI    string            `json:"uri,omitempty"`
	Digest map[string]string `json:"digest,omitempty"`
}

type predicate struct {
	Definition definition `json:"buildDefinition"`
	Run        run        `json:"runDetails"`
}

type definition struct {
	Type         string            `json:"buildType"`
	External     map[string]string `json:"externalParameters"`
	Internal     map[string]any    `json:"internalParameters"`
	Dependencies []resource        `json:"resolvedDependencies"`
}

type run struct {
	Builder struct {
		ID string `json:"id"`
	} `json:"builder"`
}

// provenance returns what the programs say of their build: the commit, the
// modules by their digests of go.sum, compiler and settings. It is as true as
// the machine that built is honest; whoever signs it vouches for that.
func provenance(o Options, binaries []binary, digest v1.Hash) statement {
	settings, known := map[string]any{}, map[string]resource{}
	for _, b := range binaries {
		said := map[string]string{"go": b.build.GoVersion}
		for _, s := range b.build.Settings {
			said[s.Key] = s.Value
		}
		settings[b.platform] = said
		if revision := cmp.Or(o.Revision, b.setting("vcs.revision")); revision != "" {
			known[""] = resource{Name: b.build.Main.Path, Digest: map[string]string{"gitCommit": revision}}
		}
		for _, m := range b.modules() {
			r := resource{URI: purl(m)}
			if sum := digestOf(m); sum != "" {
				r.Digest = map[string]string{"goModuleH1": sum}
			}
			known[r.URI] = r
		}
	}
	s := statement{
		Type: "https://in-toto.io/Statement/v1", PredicateType: "https://slsa.dev/provenance/v1",
		Subject: []resource{{Name: o.Program.Name + ":" + o.Version, Digest: map[string]string{digest.Algorithm: digest.Hex}}},
		Predicate: predicate{Definition: definition{
			Type: "https://sluice.gatorcloud.io/mkimage/v1", External: map[string]string{"program": o.Program.Name, "version": o.Version}, Internal: settings,
		}},
	}
	for _, key := range slices.Sorted(maps.Keys(known)) {
		s.Predicate.Definition.Dependencies = append(s.Predicate.Definition.Dependencies, known[key])
	}
	s.Predicate.Run.Builder.ID = "https://sluice.gatorcloud.io/mkimage"
	return s
}
