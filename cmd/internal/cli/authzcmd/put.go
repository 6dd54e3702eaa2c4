package authzcmd

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	kjson "sigs.k8s.io/json"

	"github.com/gatorcloud/sluice/cmd/internal/cli/ranged"
	"github.com/gatorcloud/sluice/renderer/model/authz"
	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/ident"
)

// put is `sluice authz put` with its flags.
type put struct {
	deps   Deps
	set    *pflag.FlagSet // to see which flags were given
	dryRun bool
	// replace writes a record that cannot be read anew.
	replace bool
	// of a tenant
	name, code string
	labels     []string
	// of an authorisation
	version, storage, shrinkFrom, start, end, description string
	replicas, maxReplicas                                 int
	daily, concurrent                                     int
	params                                                []string
}

// ofTenant and ofAuthorisation are the flags that fit each kind of record.
func ofTenant() []string { return []string{"name", "code", "label"} }
func ofAuthorisation() []string {
	return []string{"version", "replicas", "max-replicas", "daily-limit", "concurrent-limit", "storage", "shrink-from", "param", "start", "end", "description"}
}

func newPut(deps Deps) *cobra.Command {
	p := &put{deps: deps}
	cmd := &cobra.Command{
		Use:   "put TENANT | TENANT/PRODUCT",
		Short: "Make or change a tenant or an authorisation",
		Long: `Put writes one record. Flags that are not given leave an existing record's
fields as they are; an empty value clears a field. A record that cannot be read
is left alone, because nobody knows what would be lost; --replace writes it anew
with what the flags say and nothing else. If somebody else changes the
record at the same time, nothing is written and the command says so.

A new authorisation starts today unless --start says otherwise, follows its
ring's version unless --version pins it, and never ends without --end.`,
		Example: `  # a new tenant
  sluice authz put 1000006 --name zhangyong --code c5cb27eb --label tier=gold

  # what it bought
  sluice authz put 1000006/swg --version 202 --replicas 13 --storage 80Gi \
    --start 2024-06-18 --end 2028-12-31 --description "ca-init 容器修改"

  # later: more replicas, the ring's version again, one parameter less
  sluice authz put 1000006/swg --replicas 20 --version "" --param logLevel-`,
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, args []string) error {
			return p.run(cmd, args[0])
		},
	}
	p.set = cmd.Flags()
	p.set.StringVar(&p.name, "name", "", "tenant: name for people")
	p.set.StringVar(&p.code, "code", "", "tenant: code, 1 to 16 characters a-z and 0-9")
	p.set.StringArrayVar(&p.labels, "label", nil, "tenant: label as key=value, or key- to remove it")
	p.set.StringVar(&p.version, "version", "", "authorisation: version to pin; empty follows the ring")
	ranged.Int(p.set, "replicas", ranged.Bounds[int]{Into: &p.replicas, Default: 0, Least: 0, Most: authz.MaxReplicas}, "authorisation: replicas; 0 takes the environment's default")
	ranged.Int(p.set, "max-replicas", ranged.Bounds[int]{Into: &p.maxReplicas, Default: 0, Least: 0, Most: authz.MaxReplicas}, "authorisation: the product scales itself between replicas and this many; 0 does not let it")
	ranged.Int(p.set, "daily-limit", ranged.Bounds[int]{Into: &p.daily, Default: 0, Least: 0, Most: authz.MaxLimit}, "authorisation: calls a day that other services allow; 0 sets no limit")
	ranged.Int(p.set, "concurrent-limit", ranged.Bounds[int]{Into: &p.concurrent, Default: 0, Least: 0, Most: authz.MaxLimit}, "authorisation: calls at once that other services allow; 0 sets no limit")
	p.set.StringVar(&p.storage, "storage", "", "authorisation: size of its disk, e.g. 80Gi; empty takes the environment's default")
	p.set.StringVar(&p.shrinkFrom, "shrink-from", "", "authorisation: with --storage: the size of volumes that were replaced by smaller ones; without it a size never shrinks")
	p.set.StringArrayVar(&p.params, "param", nil, `authorisation: parameter as key=value, or key- to remove it; numbers, true and false keep their type, key='"1"' is a string`)
	p.set.StringVar(&p.start, "start", "", "authorisation: start, as 2006-01-02 or RFC 3339 (default today)")
	p.set.StringVar(&p.end, "end", "", "authorisation: end, as 2006-01-02 or RFC 3339; empty never ends")
	p.set.StringVar(&p.description, "description", "", "authorisation: words for people")
	p.set.BoolVar(&p.replace, "replace", false, "write a record that cannot be read anew")
	p.set.BoolVar(&p.dryRun, "dry-run", false, "write nothing; say what would be written")
	return cmd
}

func (p *put) run(cmd *cobra.Command, target string) error {
	key, err := parseKey(target)
	if err != nil {
		return err
	}
	if err := p.checkFlags(key); err != nil {
		return err
	}
	return p.deps.with(cmd.Context(), func(s Store) error {
		now, err := s.List(cmd.Context(), key.Tenant)
		if err != nil {
			return err
		}
		if err := p.readable(key, now); err != nil {
			return err
		}
		tenant, err := p.desired(key, now)
		if err != nil {
			return err
		}
		plan, err := authz.PlanImport(now, []authz.Tenant{tenant})
		if err != nil {
			return err
		}
		if !p.dryRun {
			if err := s.Apply(cmd.Context(), plan.Changes, nil); err != nil {
				return err
			}
		}
		return p.report(cmd.OutOrStdout(), key, plan)
	})
}

// report says what became of the record.
func (p *put) report(w io.Writer, key authz.Key, plan authz.Plan) error {
	if len(plan.Changes) == 0 {
		_, err := fmt.Fprintf(w, "%s unchanged\n", key)
		return err
	}
	return printChanges(w, plan.Changes, p.dryRun)
}

// printChanges prints one line for each change.
func printChanges(w io.Writer, changes []authz.Change, dryRun bool) error {
	suffix := ""
	if dryRun {
		suffix = " (dry run)"
	}
	for _, c := range changes {
		verb := "changed"
		if c.Revision == 0 {
			verb = "created"
		}
		if _, err := fmt.Fprintf(w, "%s %s%s\n", c.Key, verb, suffix); err != nil {
			return err
		}
	}
	return nil
}

// checkFlags refuses flags of the other kind of record.
func (p *put) checkFlags(key authz.Key) error {
	kind, other, hint := "tenant", ofAuthorisation(), "name the product too: put "+key.Tenant.String()+"/PRODUCT"
	if !key.Product.IsZero() {
		kind, other, hint = "authorisation", ofTenant(), "put the tenant's own fields with: put "+key.Tenant.String()
	}
	for _, name := range other {
		if p.set.Changed(name) {
			return fault.Hintf(hint, "flag --%s: %q is of the kind %s, which has no such field", name, key, kind)
		}
	}
	return nil
}

// readable refuses to change a record that cannot be read: what it holds and
// the flags do not name would be lost.
func (p *put) readable(key authz.Key, now authz.Listing) error {
	for _, q := range now.Quarantined {
		own := q.Product == key.Product
		if q.Tenant != key.Tenant || !own && !q.Product.IsZero() || own && p.replace || now.Revisions[key].Mod != q.Revision && own {
			continue
		}
		what, hint := key.String(), "mend the record, or write it anew with --replace and every field that it shall have"
		if !own {
			what, hint = key.Tenant.String(), "mend the tenant's own record first: sluice authz put "+key.Tenant.String()+" --replace --name NAME --code CODE"
		}
		return fault.Hintf(hint, "%q is left as it is: %w; the record is %q", what, q.Err, q.Value)
	}
	return nil
}

// desired returns the tenant as it shall be, with no authorisation but the one
// that key names.
func (p *put) desired(key authz.Key, now authz.Listing) (authz.Tenant, error) {
	var tenant authz.Tenant
	if len(now.Tenants) == 1 {
		tenant = now.Tenants[0]
	}
	held := tenant.Authorisations
	tenant.Authorisations = nil
	if key.Product.IsZero() {
		return p.tenant(key, tenant)
	}
	if tenant.ID.IsZero() {
		return authz.Tenant{}, fault.Hintf(fmt.Sprintf("write the tenant first: sluice authz put %s --name NAME --code CODE", key.Tenant),
			"tenant %q does not exist or cannot be read", key.Tenant)
	}
	a := authz.Authorisation{Product: key.Product, StartTime: p.deps.Now().UTC().Truncate(24 * time.Hour)}
	if i := slices.IndexFunc(held, func(a authz.Authorisation) bool { return a.Product == key.Product }); i >= 0 {
		a = held[i]
	}
	if err := p.authorisation(&a); err != nil {
		return authz.Tenant{}, err
	}
	tenant.Authorisations = []authz.Authorisation{a}
	return tenant, nil
}

func (p *put) tenant(key authz.Key, t authz.Tenant) (authz.Tenant, error) {
	if t.ID.IsZero() && (p.name == "" || p.code == "") {
		return authz.Tenant{}, fault.Hintf("give --name and --code", "tenant %q is new: name or code is missing", key.Tenant)
	}
	t.ID = key.Tenant
	if p.set.Changed("name") {
		t.Name = p.name
	}
	if p.set.Changed("code") {
		t.Code = p.code
	}
	labels, err := edit("label", t.Labels, p.labels, func(s string) string { return s })
	t.Labels = labels
	return t, err
}

func (p *put) authorisation(a *authz.Authorisation) (err error) {
	if p.set.Changed("version") {
		a.Version = ident.Version{}
		if p.version != "" {
			if a.Version, err = ident.Parse[ident.VersionKind](p.version); err != nil {
				return err
			}
		}
	}
	if p.set.Changed("replicas") {
		a.Replicas = p.replicas
	}
	if p.set.Changed("max-replicas") {
		a.MaxReplicas = p.maxReplicas
	}
	if p.set.Changed("daily-limit") {
		a.Limits.Daily = p.daily
	}
	if p.set.Changed("concurrent-limit") {
		a.Limits.Concurrent = p.concurrent
	}
	if p.set.Changed("storage") {
		a.Storage = p.storage
	}
	switch sizes := p.set.Changed("storage") || len(p.params) > 0; {
	case sizes:
		a.ShrinkFrom = p.shrinkFrom // it is for this change, and for none that follows
	case p.set.Changed("shrink-from"):
		return fault.Hintf("give --storage too, or the --param that sizes the volumes", "flag --shrink-from: %q: it is of no use without a size to shrink to", p.shrinkFrom)
	}
	if p.set.Changed("description") {
		a.Description = p.description
	}
	if a.Parameters, err = edit("param", a.Parameters, p.params, scalar); err != nil {
		return err
	}
	return p.times(a)
}

func (p *put) times(a *authz.Authorisation) (err error) {
	if p.set.Changed("start") {
		if a.StartTime, err = parseTime("start", p.start); err != nil {
			return err
		}
	}
	if p.set.Changed("end") {
		a.EndTime = time.Time{}
		if p.end != "" {
			a.EndTime, err = parseTime("end", p.end)
		}
	}
	if err == nil && (p.set.Changed("start") || p.set.Changed("end")) && a.EndTime.Equal(a.StartTime) {
		return fault.Hintf("give a later --end; a date is its midnight in UTC", "the right would end at %s, the moment it starts", moment(a.EndTime))
	}
	return err
}

// edit returns the map with key=value set and key- removed.
func edit[V any](flag string, old map[string]V, edits []string, parse func(string) V) (map[string]V, error) {
	m := maps.Clone(old)
	if m == nil {
		m = map[string]V{}
	}
	for _, e := range edits {
		key, text, found := strings.Cut(e, "=")
		switch {
		case found:
			m[key] = parse(text)
		case strings.HasSuffix(key, "-"):
			delete(m, strings.TrimSuffix(key, "-"))
		default:
			return nil, fault.Hintf("use key=value, or key- to remove it", "reading --%s: %q is neither", flag, e)
		}
	}
	return m, nil
}

// scalar returns a number, a boolean or a quoted string as what JSON reads in
// it, and everything else as the string that it is.
func scalar(s string) any {
	var v any
	if err := kjson.UnmarshalCaseSensitivePreserveInts([]byte(s), &v); err != nil {
		return s
	}
	switch v.(type) {
	case bool, int64, float64, string:
		return v
	}
	return s
}
