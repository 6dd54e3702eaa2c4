//go:build e2e

package e2e

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/gatorcloud/sluice/cmd/lab/internal/argocd"
	"github.com/gatorcloud/sluice/cmd/lab/internal/timeline"
)

// scaleTenants is how many tenants TestScale brings up, in batches of a hundred at most.
const scaleTenants = 300

// TestScale brings up 300 tenants with two products each, and then changes one
// of them. It says how long both took and what they cost; what bounds it is
// the machine, so it asserts only that everything arrives.
func TestScale(t *testing.T) {
	if os.Getenv("LAB_SCALE") == "" {
		t.Skip("takes several minutes of two cores; LAB_SCALE=1 runs it")
	}
	// Comparisons without a cause would hide what a change costs.
	r := upWith(t, argocd.Settings{WaveDelay: time.Second, Resync: 30 * time.Minute})
	s := r.site(t, "scale", []ring{{Name: "main", Versions: map[string]string{"note": "1", "memo": "1"}}})
	s.many(scaleTenants, "memo", "note")
	start := time.Now()
	s.render("300 tenants")
	t.Logf("rendered and pushed in %s", time.Since(start).Round(time.Millisecond))
	start = time.Now()
	s.start()
	s.wait("all tenants are up", 25*time.Minute, func(now map[timeline.Object]timeline.State) string {
		texts := 0
		for o := range now {
			if o.Kind == "ConfigMap" && strings.HasSuffix(o.Name, "-text") {
				texts++
			}
		}
		if texts != 2*scaleTenants {
			return fmt.Sprintf("%d of %d ConfigMaps", texts, 2*scaleTenants)
		}
		return s.quiet(now)
	})
	took := time.Since(start)
	calls, received := r.generated(t)
	t.Logf("all Synced and Healthy after %s: %d generates (%.1f/s), %d bytes streamed for each, controller %d MiB resident",
		took.Round(time.Second), calls, float64(calls)/took.Seconds(), received/max(1, calls), r.resident(t, argocd.ControllerName))

	time.Sleep(time.Minute)
	before, _ := r.generated(t)
	since := time.Now()
	s.sluiced("authz", "put", "2000/note", "--version=2")
	s.render("tenant 2000 is pinned")
	s.wait("tenant 2000 runs note 2", 5*time.Minute, func(now map[timeline.Object]timeline.State) string {
		return s.runs(now, "note", "2", "2000")
	})
	t.Logf("one tenant's change was there after %s", time.Since(since).Round(time.Millisecond))
	time.Sleep(20 * time.Second)
	after, _ := r.generated(t)
	t.Logf("it took %d generates and wrote %d Applications", after-before, s.written("rendered: tenant 2000*"))
}

// many writes tenants from 2000 on into etcd by one import.
func (s *site) many(count int, products ...string) (ids []string) {
	s.t.Helper()
	for i := range count {
		ids = append(ids, strconv.Itoa(2000+i))
	}
	s.sell(ids, products)
	return ids
}

// written is how many Applications changed after a mark.
func (s *site) written(mark string) int {
	seen := map[timeline.Object]bool{}
	for _, e := range s.since(mark) {
		if e.Object.Kind == "Application" {
			seen[e.Object] = true
		}
	}
	return len(seen)
}

// generated reads from the plugin's log how often it generated and how much it was sent for that.
func (r *rig) generated(t *testing.T) (calls, bytes int) {
	t.Helper()
	f, err := r.lab.Log(argocd.PluginName("sluice"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		var record struct {
			Method   string `json:"method"`
			Received int    `json:"received"`
		}
		if json.Unmarshal(lines.Bytes(), &record) == nil && record.Method == "generate" {
			calls, bytes = calls+1, bytes+record.Received
		}
	}
	return calls, bytes
}

// resident is the memory of a component in MiB.
func (r *rig) resident(t *testing.T, name string) int {
	t.Helper()
	for _, s := range r.lab.Status(t.Context()) {
		if s.Name != name {
			continue
		}
		data, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.PID))
		if err != nil {
			t.Fatal(err)
		}
		_, rest, _ := strings.Cut(string(data), "VmRSS:")
		kib, err := strconv.Atoi(strings.Fields(rest)[0])
		if err != nil {
			t.Fatal(err)
		}
		return kib / 1024
	}
	t.Fatalf("no component %s", name)
	return 0
}
