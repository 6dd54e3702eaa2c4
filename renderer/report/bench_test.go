package report

import (
	"fmt"
	"testing"

	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/rollout"
)

// BenchmarkWhy asks for a tenant whose ring waits for another one of 10,000 tenants.
func BenchmarkWhy(b *testing.B) {
	j := fleet(b)
	because(rollout.Ill)(j)
	for i := range 10000 {
		id := ident.Must[ident.TenantKind](fmt.Sprint(2000000 + i))
		j.Put(member(id, canary))
		j.See(proven(id, canary, v202))
	}
	j.See(ill(InObject, "", deployment("exceeded quota")))
	b.ReportAllocs()
	for b.Loop() {
		j.Why(second, swg, noon)
	}
}

// BenchmarkReport asks for the matrix of 10,000 tenants.
func BenchmarkReport(b *testing.B) {
	j := fleet(b)
	for i := range 10000 {
		id := ident.Must[ident.TenantKind](fmt.Sprint(2000000 + i))
		j.Put(member(id, canary))
		j.See(proven(id, canary, v202))
	}
	b.ReportAllocs()
	for b.Loop() {
		j.Report(noon)
	}
}
