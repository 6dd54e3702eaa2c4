package authz

import (
	"time"

	"pgregory.net/rapid"

	"github.com/gatorcloud/sluice/renderer/model/ident"
)

// traps are strings that YAML, JSON or a shell would read as something else.
var traps = []string{"123", "1e3", "on", "off", "yes", "no", "null", "~", "true", "0x1f", "0o17", "1_000", ".5", "2024-06-18",
	": ", "# x", "a: b", "- x", "&a", "*a", "!x", "|", ">", "%x", "@x", "`x`", "'", `"`, `\`, `\n`, "{}", "[]", "容器修改", "\u3000", "é", "\u00a0 x", "$(x)", " ", "é", "🦫"}

func anyName[K ident.Kind](pattern string) *rapid.Generator[ident.Name[K]] {
	return rapid.Custom(func(t *rapid.T) ident.Name[K] {
		s := rapid.OneOf(rapid.SampledFrom([]string{"123", "1e3", "on", "null", "0x1f", "true", "y", "1000006"}),
			rapid.StringMatching(pattern)).Draw(t, "name")
		n, err := ident.Parse[K](s)
		if err != nil {
			t.Skip("not a name")
		}
		return n
	})
}

func anyText(min int) *rapid.Generator[string] {
	return rapid.OneOf(rapid.SampledFrom(traps), rapid.StringN(min, 40, 200).Filter(func(s string) bool {
		return len(s) >= min && checkText(s) == nil
	}))
}

func anyTime() *rapid.Generator[time.Time] {
	return rapid.Custom(func(t *rapid.T) time.Time {
		s := rapid.Int64Range(utc(2000, 1, 1).Unix(), utc(9990, 1, 1).Unix()).Draw(t, "seconds")
		return time.Unix(s, rapid.SampledFrom([]int64{0, 0, 5e8, 1}).Draw(t, "nanoseconds")).UTC()
	})
}

func anyScalar() *rapid.Generator[any] {
	return rapid.OneOf(
		rapid.Map(anyText(0), func(s string) any { return s }),
		rapid.Map(rapid.Bool(), func(b bool) any { return b }),
		rapid.Map(rapid.Int64Range(-maxExact, maxExact), func(i int64) any { return i }),
		rapid.Map(rapid.Float64Range(minFloat, 1e6), func(f float64) any {
			v, err := checkFloat(f)
			if err != nil {
				panic(err)
			}
			return v
		}),
	)
}

func anyAuthorisation(p ident.Product) *rapid.Generator[Authorisation] {
	return rapid.Custom(func(t *rapid.T) Authorisation {
		a := Authorisation{
			Product:     p,
			Replicas:    rapid.IntRange(0, MaxReplicas/2).Draw(t, "replicas"),
			MaxReplicas: rapid.SampledFrom([]int{0, MaxReplicas / 2, MaxReplicas}).Draw(t, "maxReplicas"),
			Limits:      Limits{rapid.SampledFrom([]int{0, 1, MaxLimit}).Draw(t, "daily"), rapid.SampledFrom([]int{0, 7}).Draw(t, "concurrent")},
			Storage:     rapid.SampledFrom([]string{"", "80Gi", "1.5Ti", "1048576"}).Draw(t, "storage"),
			Description: anyText(0).Draw(t, "description"),
			StartTime:   anyTime().Draw(t, "start"),
		}
		if rapid.Bool().Draw(t, "pinned") {
			a.Version = anyName[ident.VersionKind](`[0-9]{1,3}(\.[0-9]{1,2}){0,2}(-[0-9]{1,3})?`).Draw(t, "version")
		}
		if rapid.Bool().Draw(t, "ends") {
			a.EndTime = a.StartTime.Add(time.Duration(rapid.Int64Range(0, int64(1000*day)).Draw(t, "length")))
		}
		if m := rapid.MapOfN(rapid.StringMatching(`[a-z][A-Za-z0-9]{0,8}`), anyScalar(), 0, 5).Draw(t, "parameters"); len(m) > 0 {
			a.Parameters = m
		}
		return a
	})
}

func anyTenant(id ident.Tenant) *rapid.Generator[Tenant] {
	return rapid.Custom(func(t *rapid.T) Tenant {
		tenant := Tenant{ID: id, Name: anyText(1).Draw(t, "name"), Code: rapid.StringMatching(`[a-z0-9]{1,16}`).Draw(t, "code")}
		label := rapid.StringMatching(`[A-Za-z0-9]([A-Za-z0-9._-]{0,8}[A-Za-z0-9])?`)
		if m := rapid.MapOfN(label, rapid.OneOf(label, rapid.Just("")), 0, 3).Draw(t, "labels"); len(m) > 0 {
			tenant.Labels = m
		}
		products := rapid.SliceOfNDistinct(anyName[ident.ProductKind](`[a-z]{1,5}`), 0, 4, ident.Product.String).Draw(t, "products")
		sortProducts(products)
		for _, p := range products {
			tenant.Authorisations = append(tenant.Authorisations, anyAuthorisation(p).Draw(t, "authorisation"))
		}
		return tenant
	})
}

func anyTenants() *rapid.Generator[[]Tenant] {
	return rapid.Custom(func(t *rapid.T) []Tenant {
		ids := rapid.SliceOfNDistinct(anyName[ident.TenantKind](`[a-z0-9]([a-z0-9-]{0,3}[a-z0-9])?`), 0, 6, ident.Tenant.String).Draw(t, "ids")
		tenants := make([]Tenant, len(ids))
		for i, id := range ids {
			tenants[i] = anyTenant(id).Draw(t, "tenant")
		}
		sortTenants(tenants)
		return tenants
	})
}
