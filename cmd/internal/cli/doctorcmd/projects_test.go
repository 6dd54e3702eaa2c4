package doctorcmd

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"

	"github.com/gatorcloud/sluice/catalog"
	"github.com/gatorcloud/sluice/environments"
	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/render"
)

// applied is an Argo CD with projects, by name.
type applied struct {
	absent
	specs map[string]string // JSON
	err   error
}

func (a applied) Project(_ context.Context, name string) (spec map[string]any, may bool, err error) {
	if text, ok := a.specs[name]; ok {
		err = json.Unmarshal([]byte(text), &spec)
	}
	return spec, true, errors.Join(err, a.err)
}

// printed are the projects of the example environment, as they are printed and as
// an Argo CD has them then.
func printed(t *testing.T) (site *environments.Site, text []byte, specs map[string]string) {
	t.Helper()
	var err error
	if site, err = environments.Load(environments.Example(), ident.Must[ident.EnvironmentKind]("local")); err != nil {
		t.Fatal(err)
	}
	sold, err := catalog.Load(catalog.Published())
	if err != nil {
		t.Fatal(err)
	}
	if text, err = render.Projects(t.Context(), site, sold); err != nil {
		t.Fatal(err)
	}
	specs = map[string]string{}
	for doc := range strings.SplitSeq(string(text), "---\n") {
		var p struct {
			Metadata struct{ Name string }
			Spec     map[string]any
		}
		if err := yaml.Unmarshal([]byte(doc), &p); err != nil {
			t.Fatal(err)
		}
		spec, err := json.Marshal(p.Spec)
		if err != nil {
			t.Fatal(err)
		}
		specs[p.Metadata.Name] = string(spec)
	}
	return site, text, specs
}

// What the catalog has and a project does not name would be refused by Argo CD
// when it is granted: that is told before, with the command that mends it.
func TestProjectsAreApplied(t *testing.T) {
	site, text, all := printed(t)
	const routes = `{"group":"apisix.apache.org","kind":"ApisixRoute"},`
	for name, tc := range map[string]struct {
		reason string
		change func(map[string]string)
		err    error
		want   string // of the detail; none is well
	}{
		"Well":  {"as it is printed", func(map[string]string) {}, nil, ""},
		"Roles": {"what people add", func(m map[string]string) { m["local"] = strings.Replace(m["local"], "{", `{"roles": [],`, 1) }, nil, ""},
		"Lacks": {"a kind came later", func(m map[string]string) { m["local-tenants"] = strings.Replace(m["local-tenants"], routes, "", 1) }, nil, `"local-tenants" lacks "apisix.apache.org/ApisixRoute" in namespaceResourceWhitelist`},
		"Wide": {"it was widened by hand", func(m map[string]string) {
			m["local-fleet"] = strings.Replace(m["local-fleet"], `"Application"}`, `"Application"},{"group":"","kind":"Secret"}`, 1)
		}, nil, `"local-fleet" has "/Secret" in`},
		"OfBefore": {"it allows every kind", func(m map[string]string) {
			m["local-shared"] = `{"sourceRepos": ["http://127.0.0.1:8418/gatorcloud/fleet.git"]}`
		}, nil, `"local-shared" lacks`},
		"Missing":   {"it was never applied", func(m map[string]string) { delete(m, "local-tenants") }, nil, `"local-tenants" is not there`},
		"NoAnswer":  {"nobody knows", func(map[string]string) {}, errors.New("no answer"), "no answer"},
		"Elsewhere": {"another repository", func(m map[string]string) { m["local"] = strings.Replace(m["local"], "fleet.git", "evil.git", 1) }, nil, `lacks "http://127.0.0.1:8418/gatorcloud/fleet.git" in sourceRepos`},
	} {
		t.Run(name, func(t *testing.T) {
			there, d := applied{specs: maps.Clone(all), err: tc.err}, &doctor{}
			tc.change(there.specs)
			d.compare(t.Context(), there, site, text)
			r := d.rows[0]
			if (r.Result == ok) != (tc.want == "") || !strings.Contains(r.Detail, tc.want) {
				t.Errorf("%s: argocd local projects = %+v, want it to show %q", tc.reason, r, tc.want)
			}
			if r.Result == failed && tc.err == nil && !strings.Contains(r.Hint, "sluice environment project local | kubectl apply") {
				t.Errorf("%s: the hint is %q, want the command", tc.reason, r.Hint)
			}
		})
	}
	d := &doctor{}
	if d.compare(t.Context(), absent{}, site, text); d.rows[0].Result != skipped {
		t.Errorf("argocd local projects = %+v, want it skipped where they may not be read", d.rows[0])
	}
	d = &doctor{}
	if d.projects(t.Context(), absent{}, site); len(d.rows) > 0 {
		t.Errorf("argocd local projects = %+v of a catalog with faults, which was told", d.rows)
	}
}
