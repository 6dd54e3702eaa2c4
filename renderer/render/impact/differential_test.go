package impact_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/gatorcloud/sluice/renderer/model/short"
	"github.com/gatorcloud/sluice/renderer/render"
	"github.com/gatorcloud/sluice/renderer/render/pipeline"
	"github.com/gatorcloud/sluice/renderer/rollout"
)

const (
	fleetFile = "environments/local/fleet.yaml"
	envFile   = "environments/local/environment.yaml"
)

// edits are changes that people make.
func edits() map[string]func(t *testing.T, f files) files {
	return map[string]func(t *testing.T, f files) files{
		"Canary": func(t *testing.T, f files) files { return f.edit(t, fleetFile, `swg: "200"`, `swg: "202"`) },
		"Both": func(t *testing.T, f files) files {
			return f.edit(t, fleetFile, `swg: "200"`, `swg: "202"`).edit(t, fleetFile, `swg: "200"`, `swg: "202"`)
		},
		"MainAlone": func(t *testing.T, f files) files {
			return f.edit(t, fleetFile, "- name: main\n  versions: {swg: \"200\"", "- name: main\n  versions: {swg: \"202\"")
		},
		"Held": func(t *testing.T, f files) files {
			return edits()["Both"](t, f).edit(t, fleetFile, "rings:\n", "holds:\n- {ring: main, product: swg, version: \"200\", reason: audit}\nrings:\n")
		},
		"Blocked": func(t *testing.T, f files) files {
			return edits()["Both"](t, f).edit(t, fleetFile, "rings:\n", "blocked:\n- {product: swg, version: \"202\", reason: loses audit}\nrings:\n")
		},
		"Pin": func(t *testing.T, f files) files {
			return f.edit(t, fleetFile, "rings:\n", "pins:\n- {tenant: \"1000007\", product: swg, version: \"202\", reason: wants it}\nrings:\n")
		},
		"Quota": func(t *testing.T, f files) files {
			return f.edit(t, envFile, "life:\n", "quota:\n  pods: \"77\"\nlife:\n")
		},
		"Domain": func(t *testing.T, f files) files {
			return f.edit(t, envFile, "domain: gatorcloud.localhost", "domain: other.localhost")
		},
		"Replicas": func(t *testing.T, f files) files { return f.edit(t, envFile, "replicas: 1", "replicas: 2") },
		"Storage":  func(t *testing.T, f files) files { return f.edit(t, envFile, "storage: 10Gi", "storage: 20Gi") },
		"Smaller":  func(t *testing.T, f files) files { return f.edit(t, envFile, "storage: 10Gi", "storage: 5Gi") },
		"Life":     func(t *testing.T, f files) files { return f.edit(t, envFile, "suspendDays: 14", "suspendDays: 1") },
		"Share":    func(t *testing.T, f files) files { return f.edit(t, fleetFile, "sharePercent: 30", "sharePercent: 80") },
		"BumpAndQuota": func(t *testing.T, f files) files {
			return edits()["Quota"](t, edits()["Both"](t, f))
		},
		"Elsewhere": func(t *testing.T, f files) files { return f.edit(t, envFile, "name: in-cluster", "name: another") },
		"Renamed": func(t *testing.T, f files) files {
			return f.edit(t, envFile, "name: in-cluster", "server: https://kubernetes.default.svc")
		},
		"Project": func(t *testing.T, f files) files {
			return f.edit(t, envFile, "domain:", "argocd: {project: other}\ndomain:")
		},
		"Revision": func(t *testing.T, f files) files {
			return f.edit(t, envFile, "domain:", "targetRevision: release\ndomain:")
		},
		"Ring": func(t *testing.T, f files) files {
			return f.edit(t, fleetFile, "- name: main", "- name: early\n  tenants: [\"1000007\"]\n  versions: {swg: \"200\", dsa: \"31\", ucwi: \"112\"}\n- name: main")
		},
		"Gates": func(t *testing.T, f files) files {
			return f.edit(t, fleetFile, "soakSeconds: 30", "soakSeconds: 60\n  approval: true\n  tolerateUnhealthy: 2")
		},
		"Batch": func(t *testing.T, f files) files { return f.edit(t, fleetFile, "rings:\n", "batch: 2\nrings:\n") },
		"Ended": func(t *testing.T, f files) files {
			return f.edit(t, envFile, "suspendDays: 14\n  graceDays: 30\n  releaseHours: 24", "suspendDays: 1\n  graceDays: 0\n  releaseHours: 0")
		},
		"Nothing": func(t *testing.T, f files) files { return f.edit(t, fleetFile, "rings:\n", "# a remark\nrings:\n") },
	}
}

// The objects of a plan are exactly those that differ between what runs before
// and what runs after everything was rendered and moved.
func TestPlanIsWhatHappens(t *testing.T) {
	short.Skip(t, "renders two fleets for each edit and builds all of both")
	for _, seed := range []uint64{1, 2, 3, 5, 8} {
		r := rand.New(rand.NewPCG(seed, 0))
		before := repository(t).render(t, pipeline.Options{Source: someTenants(r, 5+r.IntN(4)), AllowRemovals: true})
		was := before.running(t)
		for name, edit := range edits() {
			t.Run(fmt.Sprint(name, seed), func(t *testing.T) {
				after := edit(t, before)
				want, folded := differences(was, after.end(t).running(t))
				p := plan(t, before, after)
				got, gotFolded := listed(p)
				if !slices.Equal(got, want) {
					t.Errorf("Of() lists\n%q\nwant\n%q", got, want)
				}
				for _, c := range p.Changes {
					sum := 0
					for ring, n := range c.Rings {
						sum += n
						if ring.IsZero() {
							t.Errorf("Of() counts %d tenants of %s in no ring", n, c.Object)
						}
					}
					if sum != c.Tenants {
						t.Errorf("Of() counts %d tenants of %s in rings, want %d", sum, c.Object, c.Tenants)
					}
				}
				if gotFolded != folded {
					t.Errorf("Of() folds %d objects, want %d", gotFolded, folded)
				}
				if effect := len(want) > 0 || folded > 0; p.Effect() != effect {
					t.Errorf("Effect() = %t, want %t", p.Effect(), effect)
				}
			})
		}
	}
}

// Applications show by object and field what an edit makes of them; a version
// that they hand down is a rollout and no change.
func TestPlanOfApplications(t *testing.T) {
	before := repository(t).render(t, pipeline.Options{Source: someTenants(rand.New(rand.NewPCG(1, 0)), 7), AllowRemovals: true})
	for name, want := range map[string][]string{
		"Both":      nil,
		"Elsewhere": {"data Application/local-<tenant>-swg 7: spec.destination.name in-cluster another", "add Application/local-<tenant>-base 7"},
		"Renamed":   {"config Application/local-<tenant>-swg 7: spec.destination.name in-cluster , spec.destination.server  https://kubernetes.default.svc"},
		"Project":   {"config Application/local-<tenant> 7: spec.project local other", "config Application/local-shared-license 0: spec.project local-shared other-shared"},
		"Revision":  {"config Application/local-canary 0: spec.source.targetRevision main release", "config Application/local-<tenant> 7: spec.source.targetRevision main release"},
		"Ring":      {"config Application/local-<tenant>-swg 1: metadata.labels.gatorcloud.io/ring canary early", "add Application/local-early 0"},
		"Gates":     {"config Application/local-canary 0: metadata.annotations.gatorcloud.io/asks  approval, metadata.annotations.gatorcloud.io/tolerate-unhealthy  2"},
		"Batch":     {"remove Application/local-main 0", "add Application/local-main-01 0", "add ConfigMap/local-main-01-empty 0"},
		"Ended":     {"remove Application/local-<tenant> 2", "remove Application/local-<tenant>-swg 2"},
	} {
		t.Run(name, func(t *testing.T) {
			var got []string
			for _, c := range plan(t, before, edits()[name](t, before)).Changes {
				if c.Of != render.Applications {
					continue
				}
				line := fmt.Sprintf("%s %s %d", c.Impact, c.Object, c.Tenants)
				for i, f := range c.Fields {
					if f.Name != "" {
						line += fmt.Sprint([]string{": ", ", "}[min(i, 1)], f.Name, " ", f.From, " ", f.To)
					}
				}
				got = append(got, line)
			}
			if want == nil && got != nil {
				t.Errorf("Of() lists %q, want no Application", got)
			}
			for _, line := range want {
				if !slices.Contains(got, line) {
					t.Errorf("Of() lists %q, want %q", got, line)
				}
			}
		})
	}
}

// A plan says what people ask of it: who moves where, what is in the way, and
// an example of each change in which a tenant's own words are named.
func TestPlanSaysWho(t *testing.T) {
	before := repository(t).render(t, pipeline.Options{Source: someTenants(rand.New(rand.NewPCG(1, 0)), 6), AllowRemovals: true})
	p := plan(t, before, edits()["Held"](t, before))
	if len(p.Rollouts) != 1 || len(p.Rollouts[0].Lanes) != 2 || p.Rollouts[0].Ends != nil {
		t.Fatalf("Of() has rollouts %+v, want one of two lanes that does not end", p.Rollouts)
	}
	held := p.Rollouts[0].Lanes[1]
	if len(held.Moves) != 0 || len(held.Blocks) == 0 || held.Blocks[0].Code != rollout.Held || held.Blocks[0].Detail != "audit" {
		t.Errorf("Of() says of the held ring %+v, want its hold", held)
	}
	p = plan(t, before, edits()["Both"](t, before))
	if len(p.Rollouts) != 1 || len(p.Rollouts[0].Lanes) != 2 || p.Rollouts[0].Ends == nil {
		t.Fatalf("Of() has rollouts %+v, want one of two lanes that ends", p.Rollouts)
	}
	if first, next := p.Rollouts[0].Lanes[0], p.Rollouts[0].Lanes[1]; first.Opens == nil || first.Ends == nil || next.Opens == nil || next.Ends == nil ||
		!first.Opens.Before(*next.Opens) || first.Ends.After(*next.Opens) || !next.Ends.Equal(*p.Rollouts[0].Ends) {
		t.Errorf("Of() opens and ends lanes at %v, %v and %v, %v, the rollout at %v, want one after the other", first.Opens, first.Ends, next.Opens, next.Ends, p.Rollouts[0].Ends)
	}
	p = plan(t, before, edits()["Domain"](t, before))
	for _, c := range p.Changes {
		if c.Object != "ApisixRoute/swg" {
			continue
		}
		sum := 0
		for _, n := range c.Rings {
			sum += n
		}
		last := c.Fields[len(c.Fields)-1]
		if c.Tenants < 2 || sum != c.Tenants || last.From != "<code>.swg.gatorcloud.localhost" || last.To != "<code>.swg.other.localhost" {
			t.Errorf("Of() groups %d tenants, %v, with %+v, want one change of all who have the route", c.Tenants, c.Rings, last)
		}
		if !strings.Contains(c.Example.Diff, "\n-") || !strings.Contains(c.Example.Diff, "code0000.swg.other.localhost") || c.Example.Tenant.String() != "1000000" {
			t.Errorf("Of() shows %+v, want the diff of the first tenant", c.Example)
		}
		return
	}
	t.Errorf("Of() lists no route: %+v", p.Changes)
}
