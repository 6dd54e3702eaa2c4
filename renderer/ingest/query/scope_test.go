package query

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gatorcloud/sluice/renderer/ingest/caller"
)

const token = "0123456789abcdef0123456789abcdef"

// known shows the token of the caller whom limited lets in.
func known(r *http.Request) { r.Header.Set("Authorization", "Bearer "+token) }

// limited puts a handler behind a gate whose only caller has limits.
func limited(t *testing.T, h http.Handler, limits string) http.Handler {
	t.Helper()
	file := filepath.Join(t.TempDir(), "tokens")
	if err := os.WriteFile(file, []byte("portal "+token+" "+limits+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	tokens, err := caller.OpenTokens(file, time.Now(), nil)
	if err != nil {
		t.Fatal(err)
	}
	gate, err := caller.New(caller.Options{Tokens: tokens})
	if err != nil {
		t.Fatal(err)
	}
	return gate.Wrap(h)
}

// A caller that is limited sees nothing of what is not its own: not in lists,
// not in what changes, not in sums and not in tags.
func TestLimitedCallers(t *testing.T) {
	s := newStand(t, MirrorOptions{})
	both := fleet(4)
	for _, id := range []string{"1000001", "1000002"} {
		k, v := bought(id, "seg", "")
		both[k] = v
	}
	s.load(true, both)
	h := Handler(Options{Mirror: s.mirror})
	tag := func(h http.Handler) string { return ask(h, "GET", "/v1/tenants/1000001", known).Header().Get("ETag") }
	segOnly := limited(t, h, "products=seg")
	before := tag(segOnly)
	from := "cdf8.10"
	s.put(bought("1000001", "swg", `, "replicas": 9`))
	s.put(bought("1000003", "swg", `, "replicas": 9`))
	gone, _ := bought("1000002", "seg", "")
	s.put(gone, "")
	for name, tc := range map[string]struct {
		reason, limits, list, changed string
		seg, swg                      bool // products of tenant 1000001 that are shown
	}{
		"All":      {"a caller without limits", "", "1000000 1000001 1000002 1000003", "1000001 1000002 1000003", true, true},
		"Tenants":  {"two tenants", "tenants=1000001,1000003", "1000001 1000003", "1000001 1000003", true, true},
		"Products": {"who had the product hears that it is gone", "products=seg", "1000001", "1000001 1000002", true, false},
		"Both":     {"one tenant's one product", "tenants=1000001,1000002 products=seg", "1000001", "1000001 1000002", true, false},
	} {
		t.Run(name, func(t *testing.T) {
			h := limited(t, h, tc.limits)
			var list []string
			for next := "/v1/tenants?limit=1"; next != ""; {
				page := body(t, ask(h, "GET", next, known))
				for _, one := range page["tenants"].([]any) {
					list = append(list, one.(map[string]any)["tenantId"].(string))
				}
				next, _ = page["next"].(string)
			}
			if got := strings.Join(list, " "); got != tc.list {
				t.Errorf("list = %q, want %q: %s", got, tc.list, tc.reason)
			}
			var changed []string
			for _, id := range body(t, ask(h, "GET", "/v1/watch?wait=0&from="+from, known))["changed"].([]any) {
				changed = append(changed, id.(string))
			}
			if got := strings.Join(changed, " "); got != tc.changed {
				t.Errorf("changed = %q, want %q: %s", got, tc.changed, tc.reason)
			}
			one := ask(h, "GET", "/v1/tenants/1000001", known).Body.String()
			if strings.Contains(one, `"product":"seg"`) != tc.seg || strings.Contains(one, `"product":"swg"`) != tc.swg {
				t.Errorf("tenant = %s, want seg %v, swg %v: %s", one, tc.seg, tc.swg, tc.reason)
			}
			if got := strings.Contains(ask(h, "GET", "/v1/sync", known).Body.String(), `"tenants":`); got != (tc.limits == "") {
				t.Errorf("sums are told: %v, want so for nobody who is limited", got)
			}
		})
	}
	if got := tag(segOnly); got != before {
		t.Errorf("ETag = %s after a change that is not seen, want %s", got, before)
	}
	if got := tag(h); got == before {
		t.Error("the ETag of all is that of a part")
	}
}
