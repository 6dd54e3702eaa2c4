package edit

import (
	"fmt"

	"github.com/gatorcloud/sluice/renderer/model/ident"
)

// Pin keeps a tenant's product at a version.
type Pin struct {
	Tenant  ident.Tenant
	Product ident.Product
	Version ident.Version
	Reason  string
}

// Pinned returns the text of a fleet.yaml with a pin. One that the tenant's
// product has already gets the version and the reason.
func Pinned(fleet []byte, p Pin) ([]byte, error) {
	doc, err := read(fleet)
	if err != nil {
		return nil, fmt.Errorf("editing fleet.yaml: %w", err)
	}
	pins, _ := doc.means["pins"].([]any)
	for i, pin := range pins {
		if field(pin, "tenant") != p.Tenant.String() || field(pin, "product") != p.Product.String() {
			continue
		}
		if field(pin, "version") == p.Version.String() {
			return fleet, nil
		}
		n := doc.node("pins", i)
		m, _ := pin.(map[string]any) // it has a tenant
		m["version"], m["reason"] = p.Version.String(), p.Reason
		text, ok := doc.prove(doc.replace(child(n, "version"), p.Version.String()), doc.replace(child(n, "reason"), p.Reason))
		if !ok {
			return nil, fmt.Errorf("editing fleet.yaml: pins[%d]: %w", i, unknown())
		}
		return text, nil
	}
	return Append(fleet, "pins", Field{"tenant", p.Tenant.String()}, Field{"product", p.Product.String()},
		Field{"version", p.Version.String()}, Field{"reason", p.Reason})
}
