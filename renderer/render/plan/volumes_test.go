package plan_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gatorcloud/sluice/renderer/render/base"
	"github.com/gatorcloud/sluice/renderer/render/plan"
)

// What a product's own parameters size cannot shrink either; only the effective
// version says so, and every version in play gets the size that is there.
func TestHoldOwnSizes(t *testing.T) {
	p := func(audit ...string) *plan.Product {
		out := &plan.Product{Storage: "10Gi", StorageClass: "standard"}
		for _, size := range audit {
			out.Versions = append(out.Versions, plan.Version{Base: &base.Base{HasClaims: true, Sizes: []string{"auditStorage", "storage"}},
				Parameters: map[string]string{"auditStorage": size, "logLevel": "info"}})
		}
		return out
	}
	for name, tc := range map[string]struct {
		reason     string
		product    *plan.Product
		shrinkFrom string
		has        plan.Volumes
		want       []string // auditStorage of the versions
		held       int
	}{
		"New":      {"nothing is there", p("5Gi", "1Gi"), "", plan.Volumes{}, []string{"5Gi", "1Gi"}, 0},
		"Both":     {"both versions write the one claim", p("5Gi", "1Gi"), "", plan.Volumes{Sizes: map[string]string{"auditStorage": "8Gi"}}, []string{"8Gi", "8Gi"}, 1},
		"Grows":    {"the effective one asks for more", p("9Gi", "1Gi"), "", plan.Volumes{Sizes: map[string]string{"auditStorage": "8Gi"}}, []string{"9Gi", "8Gi"}, 0},
		"Storage":  {"a smaller storage is a wish of its own", p("9Gi"), "", plan.Volumes{Sizes: map[string]string{"auditStorage": "9Gi", "storage": "20Gi"}}, []string{"9Gi"}, 1},
		"TwoSizes": {"each is told", p("5Gi"), "", plan.Volumes{Sizes: map[string]string{"auditStorage": "9Gi", "storage": "20Gi"}}, []string{"9Gi"}, 2},
		"Lifted":   {"from this size it may", p("5Gi"), "8192Mi", plan.Volumes{Sizes: map[string]string{"auditStorage": "8Gi"}}, []string{"5Gi"}, 0},
		"NoSize":   {"a text in Git is none", p("5Gi"), "", plan.Volumes{Sizes: map[string]string{"auditStorage": "all of it"}}, []string{"5Gi"}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			tc.product.ShrinkFrom = tc.shrinkFrom
			held := tc.product.Hold(tc.has)
			var got []string
			for _, v := range tc.product.Versions {
				got = append(got, v.Parameters["auditStorage"])
			}
			if d := cmp.Diff(tc.want, got); d != "" || len(held) != tc.held {
				t.Errorf("%s: Hold() reports %v, want %d; sizes (-want +got):\n%s", tc.reason, held, tc.held, d)
			}
		})
	}
}

// The largest size of all versions counts, and nothing that is no size or class.
func TestVolumesAdd(t *testing.T) {
	var v plan.Volumes
	for _, pair := range [][2]string{{"storage", "8Gi"}, {"storage", "1Ti"}, {"storage", "9Gi"}, {"storage", "-5Ti"}, {"storage", "1e30"}, {"storage", "9999Ei"},
		{"replicas", "9Gi"}, {"auditStorage", "x"}, {"storageClass", "Not a class"}, {"storageClass", "fast"}, {"storageClass", "slow"}} {
		v.Add(pair[0], pair[1], []string{"auditStorage", "storage"})
	}
	want := plan.Volumes{Sizes: map[string]string{"storage": "1Ti"}, StorageClass: "fast"}
	if d := cmp.Diff(want, v); d != "" {
		t.Errorf("Add() (-want +got):\n%s", d)
	}
}
