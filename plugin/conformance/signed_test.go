package conformance_test

import (
	"strings"
	"testing"

	"github.com/argoproj/argo-cd/v2/pkg/apis/application/v1alpha1"
	"github.com/argoproj/argo-cd/v2/util/gpg"

	"github.com/gatorcloud/sluice/plugin/plugintest"
	"github.com/gatorcloud/sluice/renderer/model/manifest"
)

// Where an environment names keys, none of its projects takes a commit that
// none of them has signed; elsewhere Argo CD asks for no signature.
func TestProjectsNameKeys(t *testing.T) {
	const one, other = "4AEE18F83AFDEB23", "0123456789ABCDEF"
	for _, keys := range [][]string{nil, {one}, {one, other}} {
		for doc := range strings.SplitSeq(string(manifest.Projects(plugintest.Place(), manifest.Bounds{Prefix: "tenant-", SignatureKeys: keys})), "---\n") {
			var p v1alpha1.AppProject
			decoded(t, []byte(doc), &p)
			var got []string
			for _, k := range p.Spec.SignatureKeys {
				if !gpg.IsShortKeyID(k.KeyID) {
					t.Errorf("%s: key %q is none for Argo CD", p.Name, k.KeyID)
				}
				got = append(got, k.KeyID)
			}
			if strings.Join(got, " ") != strings.Join(keys, " ") {
				t.Errorf("%s: signatureKeys = %q, want %q", p.Name, got, keys)
			}
		}
	}
}
