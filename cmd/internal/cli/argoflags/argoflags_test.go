package argoflags

import (
	"fmt"
	"strings"
	"testing"

	"github.com/spf13/pflag"

	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/ident"
)

func TestClusters(t *testing.T) {
	for name, tc := range map[string]struct {
		reason string
		values []string
		want   string // of the environments pop and edge, then all
		shows  string // of an error
	}{
		"None":       {"nobody has one", nil, "- - []", ""},
		"One":        {"one for all", []string{"x"}, "x x [x]", ""},                                  //nolint:dupword // as it is written
		"Context":    {"as kubectl has several in a file", []string{"x#eu"}, "x#eu x#eu [x#eu]", ""}, //nolint:dupword // as it is written
		"Own":        {"each its own", []string{"pop=x", "edge=y#b"}, "x y#b [x y#b]", ""},
		"Rest":       {"one its own", []string{"y", "pop=x"}, "x y [x y]", ""},
		"Pod":        {"beside Argo CD for one, elsewhere for none", []string{"pop=in-cluster"}, "in-cluster - [in-cluster]", ""},
		"SameFile":   {"connected to once", []string{"pop=x", "edge=x"}, "x x [x]", ""}, //nolint:dupword // as it is written
		"SameCtx":    {"two contexts of a file are two", []string{"pop=x#a", "edge=x#b"}, "x#a x#b [x#a x#b]", ""},
		"OddFile":    {"no environment is called so", []string{"./a=b"}, "./a=b ./a=b [./a=b]", ""},
		"OddContext": {"a file may be called so", []string{"a#b#c"}, "a#b#c a#b#c [a#b#c]", ""}, //nolint:dupword // as it is written
		"TwoForAll":  {"which of them", []string{"x", "y"}, "", `"y"`},
		"TwoForOne":  {"which of them", []string{"pop=x", "pop=y"}, "", `"pop=y"`},
		"Empty":      {"no file", []string{"pop="}, "", `"pop="`},
		"NoFile":     {"a context of what", []string{"#eu"}, "", `"#eu"`},
		"PodContext": {"a pod has none", []string{"in-cluster#eu"}, "", `"in-cluster#eu"`},
	} {
		t.Run(name, func(t *testing.T) {
			f, set := &Flags{}, pflag.NewFlagSet("x", pflag.ContinueOnError)
			f.Add(set, "nothing is asked")
			for _, v := range tc.values {
				if err := set.Set(Flag, v); err != nil {
					t.Fatal(err)
				}
			}
			c, err := f.Clusters()
			if tc.shows != "" {
				if err == nil || !strings.Contains(err.Error(), tc.shows) || fault.HintOf(err) == "" {
					t.Errorf("%s: Clusters() = %v, want an error that shows %s, with a hint", tc.reason, err, tc.shows)
				}
				return
			}
			got := ""
			for _, env := range []string{"pop", "edge"} {
				own, ok := c.Of(ident.Must[ident.EnvironmentKind](env))
				if text := own.String(); ok && own.Namespace == "argocd" {
					got += text + " "
				} else {
					got += "- "
				}
			}
			if got += fmt.Sprint(c.All()); err != nil || got != tc.want {
				t.Errorf("%s: Clusters() = %s, %v, want %s", tc.reason, got, err, tc.want)
			}
		})
	}
}
