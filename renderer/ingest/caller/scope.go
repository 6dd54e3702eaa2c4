package caller

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/ident"
)

// Scope is what of the fleet a caller may ask for. Its zero value is all of it.
type Scope struct {
	// Tenants and Products are those that it may ask for; all when empty.
	Tenants  []ident.Tenant
	Products []ident.Product
}

// Limited reports whether anything is kept from the caller.
func (s Scope) Limited() bool { return len(s.Tenants)+len(s.Products) > 0 }

// Tenant reports whether the caller may ask for a tenant.
func (s Scope) Tenant(id ident.Tenant) bool {
	return len(s.Tenants) == 0 || slices.Contains(s.Tenants, id)
}

// Product reports whether the caller may ask for a product.
func (s Scope) Product(p ident.Product) bool {
	return len(s.Products) == 0 || slices.Contains(s.Products, p)
}

// limit takes in one word of a line, such as products=swg,seg.
func (s *Scope) limit(word string) (err error) {
	what, list, _ := strings.Cut(word, "=")
	switch {
	case what == "tenants" && s.Tenants == nil:
		s.Tenants, err = names[ident.TenantKind](list)
	case what == "products" && s.Products == nil:
		s.Products, err = names[ident.ProductKind](list)
	default: // which may be a token
		err = fault.Hintf("write tenants=ID,ID or products=NAME,NAME behind the token, each once", "a word behind the token is no limit")
	}
	return err
}

func names[K ident.Kind](list string) ([]ident.Name[K], error) {
	var all []ident.Name[K]
	for word := range strings.SplitSeq(list, ",") {
		name, err := ident.Parse[K](word)
		if err != nil {
			return nil, fmt.Errorf("limit: %w", err)
		}
		all = append(all, name)
	}
	return all, nil
}
