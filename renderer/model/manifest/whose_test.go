package manifest

import "testing"

func TestOwnerOf(t *testing.T) {
	for name, tc := range map[string]struct {
		reason, path string
		want         Owner
	}{
		"Catalog":   {"what is sold", "catalog/products/swg/203/product.yaml", People},
		"Fleet":     {"which versions the rings shall run", "environments/local/fleet.yaml", People},
		"Own":       {"a file beside them", "environments/local/notes/README.md", People},
		"Rollouts":  {"the engine's", "environments/local/rollouts.yaml", Renderer},
		"Tenant":    {"rendered", "environments/local/tenants/06/00/1000006/tenant.yaml", Renderer},
		"Shared":    {"rendered", "environments/local/shared/dns/1/kustomization.yaml", Renderer},
		"Below":     {"only the file of that name in the environment's folder is the engine's", "environments/local/notes/rollouts.yaml", People},
		"README":    {"no part of a fleet", "README.md", Nobody},
		"LooksLike": {"another folder", "catalogue/x", Nobody},
		"NoFolder":  {"no environment", "environments/README.md", Nobody},
	} {
		if got := OwnerOf(tc.path); got != tc.want {
			t.Errorf("%s: OwnerOf(%q) = %d, want %d: %s", name, tc.path, got, tc.want, tc.reason)
		}
	}
}
