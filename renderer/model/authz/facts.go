package authz

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/model/strict"
)

// Facts are what Git keeps of a tenant in its tenant.yaml: the reproducible
// input of the tenant's rendering. They hold no time of rendering, so equal
// facts are equal bytes.
type Facts struct {
	Tenant
	// States[i] is the state of Authorisations[i].
	States []State
	// ReleasedAt is set on the tombstone of a tenant whose record is gone, and zero otherwise.
	ReleasedAt time.Time
	// Kept are the claims of products that the tenant has no more, sorted by product.
	Kept []KeptClaims
	// Broken is why the tenant.yaml cannot be read, nil if it can: somebody
	// edited it. Products, pins and states are then what the descriptor beside it says.
	Broken error
}

// FactsOf returns the facts of t at now.
func FactsOf(t Tenant, now time.Time, life Life) Facts {
	f := Facts{Tenant: t, States: make([]State, len(t.Authorisations))}
	for i, a := range t.Authorisations {
		f.States[i] = a.State(now, life)
	}
	return f
}

// Released reports whether the facts leave nothing of the tenant but data, so
// that nothing is lost with its Application: a tombstone, or a tenant whose
// authorisations are all retained or removed.
func (f Facts) Released() bool {
	for _, s := range f.States {
		if s != Retained && s != Removed {
			return !f.ReleasedAt.IsZero()
		}
	}
	return true
}

const (
	factsHeader  = "# Facts of a tenant as they stand in etcd. Rendered by sluice.\n"
	factsVersion = "sluice.gatorcloud.io/v1"
	factsKind    = "Tenant"
)

// EncodeFacts writes f as YAML. Every string is in double quotes with what is
// not printable escaped, so an id such as 1e3 or null stays a string. The
// tenant is one that passed the gates; it fails if States does not match, and
// for facts that are broken.
func EncodeFacts(f Facts) ([]byte, error) {
	if f.Broken != nil {
		return nil, fmt.Errorf("writing facts of tenant %q: %w", f.ID, f.Broken)
	}
	if len(f.States) != len(f.Authorisations) {
		return nil, fmt.Errorf("writing facts of tenant %q: %d states for %d authorisations",
			f.ID, len(f.States), len(f.Authorisations))
	}
	w := &factsWriter{}
	w.WriteString(factsHeader + "apiVersion: " + factsVersion + "\nkind: " + factsKind + "\n")
	w.tenant(f.Tenant)
	if !f.ReleasedAt.IsZero() {
		w.text("releasedAt: ", formatTime(f.ReleasedAt))
	}
	if len(f.Authorisations) > 0 {
		w.WriteString("authorisations:\n")
	}
	for i, a := range f.Authorisations {
		w.authorisation(a, f.States[i])
	}
	w.kept(f.Kept)
	return w.Bytes(), w.err
}

// factsWriter writes the YAML subset of the facts: block maps, one list, and
// scalars whose strings are always quoted. strconv.Quote's escapes are all
// escapes of YAML's double-quoted style with the same meaning.
type factsWriter struct {
	bytes.Buffer
	err error
}

func (w *factsWriter) text(key, value string) {
	w.WriteString(key)
	w.Write(strconv.AppendQuote(w.AvailableBuffer(), value))
	w.WriteByte('\n')
}

// optional writes a field unless it is empty.
func (w *factsWriter) optional(key, value string) {
	if value != "" {
		w.text(key, value)
	}
}

func (w *factsWriter) tenant(t Tenant) {
	w.text("tenantId: ", t.ID.String())
	w.text("tenantName: ", t.Name)
	w.text("tenantCode: ", t.Code)
	if len(t.Labels) > 0 {
		w.WriteString("labels:\n")
		for _, k := range slices.Sorted(maps.Keys(t.Labels)) {
			w.text("  "+strconv.Quote(k)+": ", t.Labels[k])
		}
	}
}

func (w *factsWriter) authorisation(a Authorisation, state State) {
	w.text("- product: ", a.Product.String())
	w.optional("  version: ", a.Version.String())
	if a.Replicas != 0 {
		fmt.Fprintf(w, "  replicas: %d\n", a.Replicas)
	}
	if a.MaxReplicas != 0 {
		fmt.Fprintf(w, "  maxReplicas: %d\n", a.MaxReplicas)
	}
	w.limits(a.Limits)
	w.optional("  storage: ", a.Storage)
	w.optional("  shrinkFrom: ", a.ShrinkFrom)
	if len(a.Parameters) > 0 {
		w.WriteString("  parameters:\n")
		for _, k := range slices.Sorted(maps.Keys(a.Parameters)) {
			w.scalar("    "+strconv.Quote(k)+": ", a.Parameters[k])
		}
	}
	w.text("  startTime: ", formatTime(a.StartTime))
	if !a.EndTime.IsZero() {
		w.text("  endTime: ", formatTime(a.EndTime))
	}
	w.optional("  description: ", a.Description)
	w.text("  state: ", string(state))
}

func (w *factsWriter) limits(l Limits) {
	if l != (Limits{}) {
		w.WriteString("  limits:\n")
	}
	if l.Daily != 0 {
		fmt.Fprintf(w, "    daily: %d\n", l.Daily)
	}
	if l.Concurrent != 0 {
		fmt.Fprintf(w, "    concurrent: %d\n", l.Concurrent)
	}
}

func (w *factsWriter) scalar(key string, value any) {
	switch v := value.(type) {
	case string:
		w.text(key, v)
	case bool:
		fmt.Fprintf(w, "%s%t\n", key, v)
	case int64:
		fmt.Fprintf(w, "%s%d\n", key, v)
	case float64:
		fmt.Fprintf(w, "%s%s\n", key, strconv.FormatFloat(v, 'f', -1, 64))
	default:
		w.err = fmt.Errorf("writing facts: %s is a %T, want string, bool, int64 or float64", strings.TrimSpace(key), value)
	}
}

func formatTime(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) }

// maxFacts bounds a tenant.yaml; 30 authorisations of the largest size fit.
const maxFacts = 2 << 20

// factsRecord is tenant.yaml before any check.
type factsRecord struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	tenantRecord
	ReleasedAt     string               `json:"releasedAt"`
	Authorisations []factsAuthorisation `json:"authorisations"`
	KeptClaims     []keptRecord         `json:"keptClaims"`
}

type factsAuthorisation struct {
	authorisationRecord
	State string `json:"state"`
}

// DecodeFacts reads what EncodeFacts wrote, strictly and through the same
// gates as the records of etcd.
func DecodeFacts(data []byte) (Facts, error) {
	if f, ok := writtenFacts(data); ok {
		return f, nil
	}
	return yamlFacts(data)
}

// yamlFacts reads any file that holds facts.
func yamlFacts(data []byte) (Facts, error) {
	var r factsRecord
	if err := strict.YAML(data, maxFacts, &r); err != nil {
		return Facts{}, err
	}
	return r.check()
}

func (r *factsRecord) check() (Facts, error) {
	if r.APIVersion != factsVersion || r.Kind != factsKind {
		return Facts{}, fault.Hintf(fmt.Sprintf("facts are of kind %s, %s", factsKind, factsVersion),
			"kind %s of %s: is not known", fault.Clip(r.Kind), fault.Clip(r.APIVersion))
	}
	id, err := ident.Parse[ident.TenantKind](r.TenantID)
	if err != nil {
		return Facts{}, err
	}
	f := Facts{}
	if f.Tenant, err = r.tenantRecord.check(Key{Tenant: id}); err != nil {
		return Facts{}, err
	}
	if r.ReleasedAt != "" {
		if f.ReleasedAt, err = parseTime("releasedAt", r.ReleasedAt); err != nil {
			return Facts{}, err
		}
	}
	for i := range r.Authorisations {
		if err := f.add(&r.Authorisations[i]); err != nil {
			return Facts{}, err
		}
	}
	for i := range r.KeptClaims {
		k, err := r.KeptClaims[i].check()
		if err != nil {
			return Facts{}, err
		}
		f.Kept = append(f.Kept, k)
	}
	return f, nil
}

func (f *Facts) add(r *factsAuthorisation) error {
	product, err := ident.Parse[ident.ProductKind](r.Product)
	if err != nil {
		return err
	}
	a, err := (&decoder{record: r.authorisationRecord}).check(Key{Tenant: f.ID, Product: product})
	if err != nil {
		return fmt.Errorf("authorisation %q: %w", product, err)
	}
	if n := len(f.Authorisations); n > 0 && f.Authorisations[n-1].Product.Compare(product) >= 0 {
		return fault.Hintf("list each product once, in order", "authorisation %q: comes after %q", product, f.Authorisations[n-1].Product)
	}
	state, err := ParseState(r.State)
	if err != nil {
		return fmt.Errorf("authorisation %q: %w", product, err)
	}
	f.Authorisations = append(f.Authorisations, a)
	f.States = append(f.States, state)
	return nil
}

// ParseState returns s as a state.
func ParseState(s string) (State, error) {
	switch state := State(s); state {
	case Pending, Active, Suspended, Retained, Removed:
		return state, nil
	}
	return "", fault.Hintf("use pending, active, suspended, retained or removed", "state %s: is unknown", fault.Clip(s))
}
