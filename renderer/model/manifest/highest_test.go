package manifest_test

import (
	"slices"
	"testing"

	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/model/manifest"
)

// Of what is asked for, each component stays once, at its highest version,
// which is told by number and not by letter.
func TestHighest(t *testing.T) {
	need := func(component, version string, bucket int) manifest.Requirement {
		return manifest.Requirement{Component: ident.Must[ident.ComponentKind](component), Version: ident.Must[ident.VersionKind](version), Bucket: bucket}
	}
	for name, tc := range map[string]struct{ all, want []manifest.Requirement }{
		"Nothing": {nil, nil},
		"Sorted":  {[]manifest.Requirement{need("keys", "1", 0), need("identity", "3", 1)}, []manifest.Requirement{need("identity", "3", 1), need("keys", "1", 0)}},
		"Highest": {[]manifest.Requirement{need("identity", "9", 1), need("keys", "1", 0), need("identity", "10", 1), need("identity", "2", 1)},
			[]manifest.Requirement{need("identity", "10", 1), need("keys", "1", 0)}},
		"Equal": {[]manifest.Requirement{need("keys", "1", 0), need("keys", "1", 0)}, []manifest.Requirement{need("keys", "1", 0)}},
	} {
		t.Run(name, func(t *testing.T) {
			if got := manifest.Highest(tc.all); !slices.Equal(got, tc.want) {
				t.Errorf("Highest(%v) = %v, want %v", tc.all, got, tc.want)
			}
		})
	}
}
