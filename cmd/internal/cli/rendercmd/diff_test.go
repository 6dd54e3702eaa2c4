package rendercmd

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/gatorcloud/sluice/renderer/model/tree"
)

// Tenants whose files differ in nothing but the tenant and in digests are
// shown once; a tenant that differs otherwise is shown apart.
func TestDiffsAreGroupedByWhatChanges(t *testing.T) {
	files := fstest.MapFS{}
	var changes []tree.Change
	for id, replicas := range map[string]string{"1000001": "5", "1000002": "5", "1000003": "9"} {
		path := "environments/local/tenants/" + id[5:] + "/00/" + id + "/swg/202/parameters.yaml"
		files[path] = &fstest.MapFile{Data: []byte("tenantId: \"" + id + "\"\nreplicas: \"1\"\nseal: \"" + id + "\"\n")}
		changes = append(changes, tree.Change{Path: path, Kind: tree.Changed,
			New: []byte("tenantId: \"" + id + "\"\nreplicas: \"" + replicas + "\"\nseal: \"x" + id + "\"\n")})
	}
	tree.Sort(changes)
	for every, want := range map[bool]int{false: 2, true: 3} {
		var b strings.Builder
		if err := printDiffs(&b, files, changes, every); err != nil {
			t.Fatal(err)
		}
		if got := strings.Count(b.String(), "+++ "); got != want {
			t.Errorf("printDiffs(every %t) prints %d diffs, want %d:\n%s", every, got, want, b.String())
		}
		if grouped := strings.Contains(b.String(), `# 2 files of 2 tenants change alike: "1000001", "1000002"`); grouped == every {
			t.Errorf("printDiffs(every %t) groups = %t", every, grouped)
		}
	}
}

func TestTenantOf(t *testing.T) {
	for path, want := range map[string]string{
		"environments/local/tenants/06/00/1000006/base/sluice.yaml": "1000006",
		"environments/local/rings/main/1000006.yaml":                "1000006",
		"environments/local/rings/main-00/ff/1000006.yaml":          "1000006",
		"environments/local/rings/main/sluice.yaml":                 "",
		"environments/local/fleet/rings/main.yaml":                  "",
	} {
		if got := tenantOf(path); got != want {
			t.Errorf("tenantOf(%q) = %q, want %q", path, got, want)
		}
	}
}
