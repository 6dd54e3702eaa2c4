package authz

import (
	"fmt"
	"maps"
	"slices"
	"strconv"

	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/model/quantity"
)

// KeptClaims is what the claims of a product had that the tenant has no more.
// Its data stays in the tenant's namespace, and so do they: when the product is
// bought again they can neither shrink nor change their class.
type KeptClaims struct {
	Product ident.Product
	// Sizes are the sizes by the parameter that gave them.
	Sizes        map[string]string
	StorageClass string
}

type keptRecord struct {
	Product      string            `json:"product"`
	Sizes        map[string]string `json:"sizes"`
	StorageClass string            `json:"storageClass"`
}

func (w *factsWriter) kept(all []KeptClaims) {
	if len(all) > 0 {
		w.WriteString("keptClaims:\n")
	}
	for _, k := range all {
		w.text("- product: ", k.Product.String())
		if len(k.Sizes) > 0 {
			w.WriteString("  sizes:\n")
		}
		for _, name := range slices.Sorted(maps.Keys(k.Sizes)) {
			w.text("    "+strconv.Quote(name)+": ", k.Sizes[name])
		}
		w.optional("  storageClass: ", k.StorageClass)
	}
}

func (r *keptRecord) check() (KeptClaims, error) {
	product, err := ident.Parse[ident.ProductKind](r.Product)
	if err != nil {
		return KeptClaims{}, err
	}
	for _, name := range slices.Sorted(maps.Keys(r.Sizes)) {
		if !ident.IsParameter(name) {
			return KeptClaims{}, fault.Hintf("use the name of a parameter", "keptClaims %q: %s is none", product, fault.Clip(name))
		}
		if _, err := quantity.Storage(r.Sizes[name]); err != nil {
			return KeptClaims{}, fmt.Errorf("keptClaims %q: %s: %w", product, name, err)
		}
	}
	if r.StorageClass != "" && !ident.IsDNSName(r.StorageClass) {
		return KeptClaims{}, fault.Hintf("use the name of a StorageClass", "keptClaims %q: storageClass %s is none", product, fault.Clip(r.StorageClass))
	}
	return KeptClaims{product, r.Sizes, r.StorageClass}, nil
}
