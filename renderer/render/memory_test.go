package render_test

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/gatorcloud/sluice/renderer/model/authz"
	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/model/manifest"
)

// Git remembers who is rendered and from what; folders that nobody rendered
// are no tenants, and a folder with the facts of another is refused.
func TestStored(t *testing.T) {
	all := small()
	_, files := full(t, newRenderer(t, 2, 2), sorted(all), nil)
	const dir = "environments/local/"
	for _, junk := range []string{
		"tenants/01/00/9999999/tenant.yaml", "tenants/01/00/Bad_Name/tenant.yaml", "tenants/1000077/tenant.yaml",
		"tenants/99/00/1000099/base/sluice.yaml", "tenants/README.md", "rings/main/1000098/tenant.yaml",
	} {
		files[dir+junk] = []byte("x")
	}
	s := stored(files)
	ids, err := s.Tenants()
	var want []ident.Tenant
	for _, f := range sorted(all) {
		want = append(want, f.ID)
		if got, err := s.Facts(f.ID); err != nil || !reflect.DeepEqual(got, f) {
			t.Errorf("Facts(%s) = %+v, %v, want %+v", f.ID, got, err, f)
		}
		folder, err := s.Folder(dir + manifest.TenantPath(f.ID))
		if err != nil || len(folder.Files()) < 8 {
			t.Errorf("Folder(%s) = %d files, %v, want all of them", f.ID, len(folder.Files()), err)
		}
	}
	if err != nil || !slices.Equal(ids, want) {
		t.Errorf("Tenants() = %v, %v, want %v", ids, err, want)
	}
	if folder, err := s.Folder(dir + "tenants/00"); folder != nil || err != nil {
		t.Errorf("Folder() of nothing = %v, %v, want neither", folder, err)
	}

	files[dir+manifest.TenantPath(want[0])+"/tenant.yaml"] = files[dir+manifest.TenantPath(want[1])+"/tenant.yaml"]
	got, err := stored(files).Facts(want[0])
	if err != nil || got.ID != want[0] || got.Broken == nil || !strings.Contains(got.Broken.Error(), want[1].String()) || fault.HintOf(got.Broken) == "" {
		t.Errorf("Facts() of a copied file = %+v, %v, want the tenant, and a fault that names %s and a hint", got, err, want[1])
	}
	if !slices.Equal(got.States, all[want[0].String()].States) {
		t.Errorf("Facts() of a copied file has states %v, want %v as sealed", got.States, all[want[0].String()].States)
	}
	if _, err := authz.EncodeFacts(got); err == nil {
		t.Error("EncodeFacts() of broken facts = nil, want an error")
	}
	if ids, err := stored(nil).Tenants(); len(ids) > 0 || err != nil {
		t.Errorf("Tenants() of an empty repository = %v, %v, want neither", ids, err)
	}
}
