package pipeline_test

import (
	"bytes"
	"maps"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/gatorcloud/sluice/renderer/render/pipeline"
)

// A tenant.yaml that somebody edited costs that tenant alone: it stays to the
// byte, or is rendered anew where etcd tells everything; the others go on.
func TestBrokenFactsCostNobodyElse(t *testing.T) {
	const broken = "environments/local/tenants/06/00/1000006/tenant.yaml"
	want, _, err := render(t, repository(t), pipeline.Options{Source: real(), Now: now})
	if err != nil {
		t.Fatal(err)
	}
	rendered := repository(t)
	for path, data := range want {
		rendered[path] = &fstest.MapFile{Data: data}
	}
	without := real()[2:]
	unreadable := real()
	unreadable[1].Value = []byte(`{"product"`)
	unknown := real()
	unknown[1].Value = bytes.Replace(unknown[1].Value, []byte(`"replicas"`), []byte(`"parameters":{"x":1},"replicas"`), 1)
	for name, tc := range map[string]struct {
		reason  string
		file    string
		source  pipeline.Source
		healed  bool
		leftOut int
	}{
		"EtcdTellsAll":  {"what etcd says needs no memory", "a: [", real(), true, 0},
		"NoEtcd":        {"without etcd nothing else is known", "a: [", nil, false, 1},
		"OtherTenant":   {"a file of somebody else is none", string(want["environments/local/tenants/09/00/1000009/tenant.yaml"]), nil, false, 1},
		"Empty":         {"an emptied file is none", "", nil, false, 1},
		"RecordIsGone":  {"a tenant of whom nothing is known is not let go", "a: [", without, false, 1},
		"BadRecord":     {"a bad record beside it has nothing to fall back to", "a: [", unreadable, false, 2},
		"FaultyProduct": {"nor has a product that cannot be rendered", "a: [", unknown, false, 2},
	} {
		t.Run(name, func(t *testing.T) {
			files := maps.Clone(rendered)
			files[broken] = &fstest.MapFile{Data: []byte(tc.file)}
			got, summary, err := render(t, files, pipeline.Options{Source: tc.source, Now: now})
			if err != nil || len(summary.Skipped()) != tc.leftOut {
				t.Fatalf("Render() = %v, left out %q, want %d left out: %s", err, summary.Skipped(), tc.leftOut, tc.reason)
			}
			expected := maps.Clone(want)
			if !tc.healed {
				expected[broken] = []byte(tc.file)
			}
			for path, data := range expected {
				if !bytes.Equal(got[path], data) {
					t.Errorf("%s = %q, want %q: %s", path, got[path], data, tc.reason)
				}
			}
			if len(got) != len(expected) {
				t.Errorf("%d files, want %d: %s", len(got), len(expected), tc.reason)
			}
			if all := summary.Skipped(); !tc.healed && !strings.Contains(all[len(all)-1].Error(), `tenant "1000006"`) {
				t.Errorf("left out %q, want the tenant named", all)
			}
		})
	}
}
