package plugin_test

import (
	"strings"
	"testing"

	"github.com/gatorcloud/sluice/plugin"
	"github.com/gatorcloud/sluice/plugin/plugintest"
	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/google/go-cmp/cmp"
)

func env(parameters string) func(string) string {
	return func(name string) string {
		return map[string]string{plugin.EnvParameters: parameters, plugin.EnvAppName: "a", plugin.EnvNamespace: "b", plugin.EnvSourcePath: "c"}[name]
	}
}

func TestNewRequest(t *testing.T) {
	for name, tc := range map[string]struct {
		reason, parameters string
		want               plugin.Grants
	}{
		"None":     {"Argo CD writes null without parameters", "null", grants()},
		"Unset":    {"outside of Argo CD", "", grants()},
		"Empty":    {"an empty list", "[]", grants()},
		"EmptyMap": {"a ring that grants nothing", `[{"name":"versions","map":{}}]`, grants()},
		"NoValue":  {"a parameter without a value", `[{"name":"versions"}]`, grants()},
		"Versions": {"what a parent writes", `[{"name":"versions","map":{"swg":"202","dsa":"3.10.0-133"}}]`, grants("swg", "202", "dsa", "3.10.0-133")},
		"Long":     {"names of shared components are longer", `[{"name":"versions","map":{"certificate-authority-service":"2"}}]`, grants("certificate-authority-service", "2")},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := plugin.NewRequest(nil, env(tc.parameters))
			if err != nil {
				t.Fatalf("NewRequest(%s) = %v, want nil: %s", tc.parameters, err, tc.reason)
			}
			want := plugin.Request{App: "a", Namespace: "b", Path: "c", Grants: tc.want}
			if d := cmp.Diff(want, got, cmp.Comparer(func(a, b ident.Version) bool { return a == b })); d != "" {
				t.Errorf("NewRequest(%s) (-want +got): %s\n%s", tc.parameters, tc.reason, d)
			}
		})
	}
}

// hostile are parameters that somebody with access to an Application could write.
func hostile() map[string]string {
	return map[string]string{
		"NotJSON":         `versions=202`,
		"Truncated":       `[{"name":"versions","map":{"swg":"202"`,
		"Object":          `{"name":"versions"}`,
		"String":          `[{"name":"versions","string":"202"}]`,
		"Array":           `[{"name":"versions","array":["202"]}]`,
		"ArrayAndMap":     `[{"name":"versions","array":[],"map":{"swg":"202"}}]`,
		"Number":          `[{"name":"versions","map":{"swg":202}}]`,
		"Nested":          `[{"name":"versions","map":{"swg":{"a":"b"}}}]`,
		"MapOfNull":       `[{"name":"versions","map":{"swg":null}}]`,
		"Twice":           `[{"name":"versions","map":{"swg":"202"}},{"name":"versions","map":{"swg":"203"}}]`,
		"TwiceInMap":      `[{"name":"versions","map":{"swg":"202","swg":"203"}}]`,
		"OtherParameter":  `[{"name":"replicas","string":"99"}]`,
		"OneMore":         `[{"name":"versions","map":{"swg":"202"}},{"name":"replicas","string":"99"}]`,
		"Unnamed":         `[{"map":{"swg":"202"}}]`,
		"NullEntry":       `[null]`,
		"OtherCase":       `[{"Name":"versions","Map":{"swg":"202"}}]`,
		"UnknownField":    `[{"name":"versions","values":{"swg":"202"}}]`,
		"PathVersion":     `[{"name":"versions","map":{"swg":"../../1000007/swg/202"}}]`,
		"NewlineVersion":  `[{"name":"versions","map":{"swg":"202\nkind: Secret"}}]`,
		"QuoteVersion":    `[{"name":"versions","map":{"swg":"202\"}"}}]`,
		"EmptyVersion":    `[{"name":"versions","map":{"swg":""}}]`,
		"PathProduct":     `[{"name":"versions","map":{"../swg":"202"}}]`,
		"NewlineProduct":  `[{"name":"versions","map":{"swg\n":"202"}}]`,
		"EmptyProduct":    `[{"name":"versions","map":{"":"202"}}]`,
		"MegabyteVersion": `[{"name":"versions","map":{"swg":"` + strings.Repeat("2", 1<<20) + `"}}]`,
		"MegabyteName":    `[{"name":"` + strings.Repeat("v", 60_000) + `"}]`,
		"MegabyteOfLists": strings.Repeat("[", 60_000),
		"Trailing":        `[] []`,
		"Words":           "\x00\xff\xfe",
	}
}

func TestNewRequestRefuses(t *testing.T) {
	for name, parameters := range hostile() {
		t.Run(name, func(t *testing.T) {
			r, err := plugin.NewRequest(plugintest.Product().Dir(), env(parameters))
			if err == nil {
				t.Fatalf("NewRequest = %v, nil, want a refusal", r.Grants)
			}
			if len(r.Grants) > 0 || r.Dir != nil {
				t.Errorf("NewRequest = %+v with an error, want nothing", r)
			}
			checkRefusal(t, err, plugin.ReasonParameters)
		})
	}
}

// Whatever the parameters are, grants are names that passed their gate.
func FuzzNewRequest(f *testing.F) {
	f.Add(`[{"name":"versions","map":{"swg":"202","dsa":"31"}}]`)
	f.Add("null")
	for _, parameters := range hostile() {
		if len(parameters) < 1000 {
			f.Add(parameters)
		}
	}
	f.Fuzz(func(t *testing.T, parameters string) {
		r, err := plugin.NewRequest(nil, env(parameters))
		if err != nil {
			if plugin.ReasonOf(err) != plugin.ReasonParameters || strings.Contains(err.Error(), "\n") {
				t.Errorf("NewRequest = %q, want one line that is a refusal", err)
			}
			return
		}
		for name, v := range r.Grants {
			if _, err := ident.Parse[ident.ComponentKind](name); err != nil {
				if _, err := ident.Parse[ident.ProductKind](name); err != nil {
					t.Errorf("NewRequest grants %q", name)
				}
			}
			if v.IsZero() {
				t.Errorf("NewRequest grants no version of %q", name)
			}
		}
	})
}
