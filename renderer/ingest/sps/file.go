package sps

import (
	"bytes"
	"encoding/json"
	"fmt"

	sigsyaml "sigs.k8s.io/yaml"

	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/model/strict"
)

// MaxFile is the most bytes that a file of tenants may have.
const MaxFile = 256 << 20

// ReadFile reads the entries of a file in the form of a page of the list, in
// JSON or YAML. A file is no snapshot: nobody is missing in it.
func (m Mapping) ReadFile(data []byte) ([]Entry, error) {
	if len(data) > MaxFile {
		return nil, fault.Hintf("split the file", "reading tenants: %d bytes, at most %d are allowed", len(data), MaxFile)
	}
	if !bytes.HasPrefix(bytes.TrimSpace(data), []byte("{")) {
		var shape map[string]any
		if err := strict.YAML(data, MaxFile, &shape); err != nil {
			return nil, err
		}
		var err error
		if data, err = sigsyaml.YAMLToJSON(data); err != nil {
			return nil, fmt.Errorf("reading tenants: %w", err)
		}
	}
	fields, err := object(data, pageFields, m.Page, m.Ignore.Page)
	if err != nil {
		return nil, err
	}
	var tenants []json.RawMessage
	if err := strict.JSON(fields["tenants"], MaxFile, &tenants); err != nil {
		return nil, fmt.Errorf("tenants: %w", err)
	}
	if len(tenants) == 0 {
		return nil, fault.Hintf("list them under `tenants:`", "the file holds no tenants")
	}
	seen := map[ident.Tenant]bool{}
	var all []Entry
	for _, raw := range tenants {
		e := m.Entry(raw)
		if !e.ID.IsZero() && seen[e.ID] {
			return nil, fault.Hintf("list each tenant once", "tenant %q: is listed twice", e.ID)
		}
		seen[e.ID] = true
		all = append(all, e)
	}
	return all, nil
}
