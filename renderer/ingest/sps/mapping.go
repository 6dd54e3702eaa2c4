package sps

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/model/strict"
)

// Mapping brings the names of an SPS to those of the contract. Its zero value
// is the contract itself.
type Mapping struct {
	// Paths are below the server's URL; {id} stands for the tenant.
	Paths struct {
		Tenant  string `json:"tenant"`
		Tenants string `json:"tenants"`
	} `json:"paths"`
	// Query names the parameters of the list.
	Query struct {
		Cursor   string `json:"cursor"`
		Snapshot string `json:"snapshot"`
		Limit    string `json:"limit"`
	} `json:"query"`
	// Page, Tenant, Authorisation, Limits and Notice say for a field of the contract
	// which field of SPS it is.
	Page          map[string]string `json:"page"`
	Tenant        map[string]string `json:"tenant"`
	Authorisation map[string]string `json:"authorisation"`
	Limits        map[string]string `json:"limits"`
	Notice        map[string]string `json:"notice"`
	// Ignore lists fields of SPS that are passed over.
	Ignore struct {
		Page          []string `json:"page"`
		Tenant        []string `json:"tenant"`
		Authorisation []string `json:"authorisation"`
		Limits        []string `json:"limits"`
		Notice        []string `json:"notice"`
	} `json:"ignore"`
	// Products says for a name of SPS which product it is. Without entries the
	// names are the products'; with some, any other is refused.
	Products map[string]ident.Product `json:"products"`
}

const maxMapping = 64 << 10

// The fields of the contract's objects.
var (
	pageFields          = []string{"snapshot", "total", "next", "tenants"}
	tenantFields        = []string{"tenantId", "tenantName", "tenantCode", "labels", "revision", "authorisations"}
	authorisationFields = []string{"product", "version", "replicas", "maxReplicas", "limits", "storage", "parameters", "startTime", "endTime", "description"}
	limitsFields        = []string{"daily", "concurrent"}
	noticeFields        = []string{"tenantId"}
)

// ParseMapping reads a mapping in YAML.
func ParseMapping(data []byte) (Mapping, error) {
	var m Mapping
	if err := strict.YAML(data, maxMapping, &m); err != nil {
		return Mapping{}, err
	}
	for _, part := range []struct {
		name  string
		table map[string]string
		known []string
	}{{"page", m.Page, pageFields}, {"tenant", m.Tenant, tenantFields}, {"authorisation", m.Authorisation, authorisationFields}, {"limits", m.Limits, limitsFields}, {"notice", m.Notice, noticeFields}} {
		for _, field := range slices.Sorted(maps.Keys(part.table)) {
			if !slices.Contains(part.known, field) {
				return Mapping{}, fault.Hintf(fault.DidYouMean(field, part.known, "the fields are "+strings.Join(part.known, ", ")),
					"mapping: %s has no field %s in the contract", part.name, fault.Clip(field))
			}
		}
	}
	if p := m.Paths.Tenant; p != "" && !strings.Contains(p, "{id}") {
		return Mapping{}, fault.Hintf("write {id} where the tenant's id belongs", "mapping: path %s names no tenant", fault.Clip(p))
	}
	return m, nil
}

// object decodes one JSON object and returns its fields by the contract's
// names. Fields that neither the contract nor the mapping names are refused.
func object(raw []byte, known []string, table map[string]string, ignored []string) (map[string]json.RawMessage, error) {
	var theirs map[string]json.RawMessage
	if err := shallow(raw); err != nil {
		return nil, err
	}
	if err := strict.JSON(raw, len(raw), &theirs); err != nil {
		return nil, bad("%w", err)
	}
	if theirs == nil {
		return nil, bad("null is no object")
	}
	ours := make(map[string]json.RawMessage, len(theirs))
	used := make(map[string]bool, len(theirs))
	for _, name := range known {
		from := name
		if mapped, ok := table[name]; ok {
			from = mapped
		}
		if value, ok := theirs[from]; ok {
			ours[name], used[from] = value, true
		}
	}
	for _, name := range slices.Sorted(maps.Keys(theirs)) {
		if !used[name] && !slices.Contains(ignored, name) {
			return nil, bad("unknown field %s", fault.Clip(name))
		}
	}
	return ours, nil
}

// shallow refuses JSON that is nested deeper than any document is. It looks at
// brackets outside strings only and leaves all else to the decoder.
func shallow(raw []byte) error {
	depth, quoted := 0, false
	for i := 0; i < len(raw); i++ {
		switch c := raw[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{', c == '[':
			if depth++; depth > maxDepth {
				return bad("nested deeper than %d", maxDepth)
			}
		case c == '}', c == ']':
			depth--
		}
	}
	return nil
}
