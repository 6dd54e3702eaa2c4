package authzcmd

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/gatorcloud/sluice/renderer/etcd/status"
)

// toldBench has two authorisations; what the renderer told of swg is the value.
func toldBench(t *testing.T, value string) *bench {
	t.Helper()
	b := newBench(t)
	b.must("put", "1000006", "--name", "zhangyong", "--code", "c5cb27eb")
	b.must("put", "1000006/swg", "--replicas", "13", "--version", "203")
	b.must("put", "1000006/dsa")
	b.raw("/tenant/status/1000006/swg", value)
	return b
}

const toldValue = `{"environment":"local","acceptedVersion":"202","ring":"main","commit":"0123456789abcdef0123456789abcdef01234567","state":"active","error":"no version \"203\""}`

func TestWideShowsWhatBecameOfIt(t *testing.T) {
	t.Parallel()
	b := toldBench(t, toldValue)
	lines := strings.Split(b.must("get", "1000006", "-o", "wide"), "\n")
	for i, want := range []string{
		"STATE RENDERED RING ACCEPTED COMMIT ERROR",
		"active - - - - -",
		`active active main 202 0123456789ab no version "203"`,
	} {
		if got := strings.Join(strings.Fields(lines[i]), " "); !strings.HasSuffix(got, want) {
			t.Errorf("line %d = %q, want it to end in %q", i, got, want)
		}
	}
	if table := b.must("list"); strings.Contains(table, "RENDERED") {
		t.Errorf("the narrow table has the columns of the wide one:\n%s", table)
	}
}

func TestDocumentsHoldTheStatus(t *testing.T) {
	t.Parallel()
	b := toldBench(t, toldValue)
	var got struct {
		Tenants []struct {
			Authorisations []struct {
				Product string
				Status  *status.Record
			}
		}
	}
	text := b.must("list", "-o", "json")
	if err := json.Unmarshal([]byte(text), &got); err != nil {
		t.Fatal(err)
	}
	all := got.Tenants[0].Authorisations
	if all[0].Status != nil || all[1].Status == nil || all[1].Status.Error != `no version "203"` || len(all[1].Status.Commit) != 40 {
		t.Errorf("list -o json has statuses %+v and %+v, want none and the whole record", all[0].Status, all[1].Status)
	}
	if yaml := b.must("get", "1000006/swg", "-o", "yaml"); !strings.Contains(yaml, "acceptedVersion: \"202\"") {
		t.Errorf("get -o yaml does not show the status:\n%s", yaml)
	}
	file := t.TempDir() + "/copy.json"
	write(t, file, text)
	if got := b.must("import", "-f", file); got != "records: 0 created, 0 changed, 3 unchanged\n" {
		t.Errorf("import of a list = %q, want it to pass over the status", got)
	}
}

// Whatever stands in a status record, the table keeps its lines and its
// columns, and the others are shown.
func TestHostileStatusesLeaveTheTableWhole(t *testing.T) {
	t.Parallel()
	for name, value := range map[string]string{
		"Empty": "", "NoJSON": "{", "Null": "null", "Large": `{"environment":"local","error":"` + strings.Repeat("x", 1<<20) + `"}`,
		"Escape":   `{"environment":"local","state":"\u001b[2J"}`,
		"Newlines": "{\"environment\":\"local\",\"state\":\"active\",\"error\":\"a\\nNAME b\\u001b[31m\\u202e\\u0000" + strings.Repeat("x", 400) + "\"}",
		"Path":     `{"environment":"../../etc","state":"active"}`, "Binary": "\xff\xfe\x00",
	} {
		t.Run(name, func(t *testing.T) {
			b := toldBench(t, value)
			got := b.must("list", "-o", "wide")
			lines := strings.Split(strings.TrimSuffix(got, "\n"), "\n")
			if len(lines) != 3 || !strings.HasPrefix(lines[1], "dsa-1000006") || !strings.HasPrefix(lines[2], "swg-1000006") {
				t.Fatalf("list -o wide has lines %q, want a header and two", lines)
			}
			if strings.ContainsAny(got, "\x1b\u202e\x00") || len(lines[2]) > 500 {
				t.Errorf("list -o wide passes on what a terminal obeys, or too much: %q", lines[2])
			}
			if !strings.Contains(lines[2], "reading the status record") && !strings.Contains(lines[2], "a\\nNAME b") {
				t.Errorf("list -o wide = %q, want the record's error or that it cannot be read", lines[2])
			}
			var list map[string]any
			if err := json.Unmarshal([]byte(b.must("list", "-o", "json")), &list); err != nil {
				t.Errorf("list -o json: %v", err)
			}
		})
	}
}
