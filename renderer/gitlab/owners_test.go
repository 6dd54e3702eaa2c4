package gitlab_test

import (
	"slices"
	"testing"

	"github.com/gatorcloud/sluice/renderer/gitlab"
)

func TestOwners(t *testing.T) {
	for name, tc := range map[string]struct {
		reason, file string
		paths, want  []string
	}{
		"Everything": {"one pattern for all", "* @ann\n", []string{"a/b", "c"}, []string{"ann"}},
		"Last":       {"the last pattern counts", "* @ann\n/environments/ @bob\n", []string{"environments/local/fleet.yaml"}, []string{"bob"}},
		"Depth":      {"without a slash at any depth", "fleet.yaml @bob\n", []string{"environments/local/fleet.yaml"}, []string{"bob"}},
		"Anchored":   {"with one from the root", "/fleet.yaml @bob\n", []string{"environments/local/fleet.yaml"}, nil},
		"Stars":      {"one segment, or many", "/catalog/*/swg/ @ann\n/catalog/**/product.yaml @bob\n", []string{"catalog/products/swg/203/x", "catalog/products/dsa/1/product.yaml"}, []string{"ann", "bob"}},
		"Sections":   {"each has its own last", "[A]\n* @ann\n[B][2] @bob\ncatalog/\n^[C]\n* @cid\n", []string{"catalog/x"}, []string{"ann", "bob", "cid"}},
		"SameName":   {"a section comes again", "[A]\n* @ann\n[a]\n/catalog/ @bob\n", []string{"catalog/x"}, []string{"bob"}},
		"Excluded":   {"nobody owns what is taken out", "* @ann\n!*.md @ann\n", []string{"x.md"}, nil},
		"Groups":     {"neither groups nor addresses review", "* @clouds/sre ann@example.com @ann # @bob\n", []string{"x"}, []string{"ann"}},
		"Comment":    {"no rule", "# * @ann\n\n", []string{"x"}, nil},
		"Space":      {"escaped", `a\ b @ann` + "\n", []string{"a b"}, []string{"ann"}},
		"BadPattern": {"fits nothing", "[ab @ann\n", []string{"a"}, nil},
	} {
		if got := gitlab.Owners(tc.file, tc.paths); !slices.Equal(got, tc.want) {
			t.Errorf("%s: Owners() = %q, want %q: %s", name, got, tc.want, tc.reason)
		}
	}
}
