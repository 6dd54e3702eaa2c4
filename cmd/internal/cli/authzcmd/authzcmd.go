// Package authzcmd is `sluice authz`: reading and writing tenants and their
// authorisations in etcd.
package authzcmd

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/gatorcloud/sluice/renderer/etcd/status"
	"github.com/gatorcloud/sluice/renderer/model/authz"
	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/ident"
)

// Store holds the records below one prefix.
type Store interface {
	// List returns the records of all tenants, or of the given ones.
	List(ctx context.Context, ids ...ident.Tenant) (authz.Listing, error)
	// Apply writes changes in order and tells progress how many are written.
	Apply(ctx context.Context, changes []authz.Change, progress func(done int)) error
	// Delete removes a record, a tenant with all its authorisations, and
	// returns how many records that were.
	Delete(ctx context.Context, key authz.Key) (int64, error)
	// DeleteKey removes an etcd key below the prefix that names no record, and
	// reports whether it was there. A dry run only looks.
	DeleteKey(ctx context.Context, key string, dryRun bool) (bool, error)
	// Statuses returns what the renderer told of the authorisations of all
	// tenants, or of the given ones. What it told nothing of is not in it.
	Statuses(ctx context.Context, ids ...ident.Tenant) (map[authz.Key]status.Record, error)
}

// Deps is what the commands need from the outside.
type Deps struct {
	// Open opens the store that the flags name; the function closes it.
	Open func(ctx context.Context) (Store, func() error, error)
	// Flags adds the flags by which Open finds it.
	Flags func(*pflag.FlagSet)
	Now   func() time.Time
	// Life decides the state that a list shows.
	Life authz.Life
}

// New returns `sluice authz`.
func New(deps Deps) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "authz",
		Short: "Read and write tenants and their authorisations",
		Long: `Authz reads and writes the records in etcd: tenants, and the authorisations by
which they use products. A tenant is written TENANT, its authorisation of a
product TENANT/PRODUCT.

Without --etcd-endpoints sluice runs its own etcd and keeps its data in
--etcd-dir. What you write is checked first, so that it can be read again; the
next render carries it to Git.`,
		Example: `  # a tenant, and 13 replicas of a product for it until the end of 2028
  sluice authz put 1000006 --name zhangyong --code c5cb27eb
  sluice authz put 1000006/swg --replicas 13 --storage 80Gi --end 2028-12-31

  # what there is
  sluice authz list`,
	}
	deps.Flags(cmd.PersistentFlags())
	cmd.AddCommand(newPut(deps), newGet(deps), newList(deps), newDelete(deps), newImport(deps))
	return cmd
}

// with opens the store for f and closes it.
func (d Deps) with(ctx context.Context, f func(Store) error) error {
	store, done, err := d.Open(ctx)
	if err != nil {
		return err
	}
	return errors.Join(f(store), done())
}

// parseKey reads TENANT or TENANT/PRODUCT.
func parseKey(s string) (authz.Key, error) {
	id, name, found := strings.Cut(s, "/")
	tenant, err := ident.Parse[ident.TenantKind](id)
	if err != nil || !found {
		return authz.Key{Tenant: tenant}, err
	}
	product, err := ident.Parse[ident.ProductKind](name)
	return authz.Key{Tenant: tenant, Product: product}, err
}

// missing says that a record is not there, and which of other tenants may be meant.
func missing(key authz.Key, others ...string) error {
	if !key.Product.IsZero() {
		return fault.Hintf("see what it has: sluice authz get "+key.Tenant.String(),
			"tenant %q has no authorisation of %q", key.Tenant, key.Product)
	}
	hint := fault.DidYouMean(key.Tenant.String(), others, "see what there is: sluice authz list")
	if product, id, found := strings.Cut(key.Tenant.String(), "-"); found {
		hint = "an authorisation is written TENANT/PRODUCT, e.g. " + id + "/" + product
	}
	return fault.Hintf(hint, "tenant %q does not exist", key.Tenant)
}

// nowhere refuses tenants of which a listing of them has no record, good or
// bad, and names those that may be meant.
func nowhere(ctx context.Context, store Store, ids []ident.Tenant, found authz.Listing) error {
	there := map[ident.Tenant]bool{}
	for key := range found.Revisions {
		there[key.Tenant] = true
	}
	var faults []error
	var names []string
	for _, id := range ids {
		if there[id] {
			continue
		}
		if names == nil {
			all, err := store.List(ctx)
			if err != nil {
				return err
			}
			for _, t := range all.Tenants {
				names = append(names, t.ID.String())
			}
		}
		faults = append(faults, missing(authz.Key{Tenant: id}, names...))
	}
	return errors.Join(faults...)
}

// maxSkipped is how many bad records are reported one by one.
const maxSkipped = 20

// skipped returns the bad records as errors that let everything else stand.
func skipped(bad []authz.Quarantine) error {
	var faults []error
	for i, q := range bad {
		if i == maxSkipped {
			faults = append(faults, fault.New(fault.Skipped, "", "%d more records cannot be read", len(bad)-maxSkipped))
			break
		}
		faults = append(faults, fault.New(fault.Skipped, fault.HintOf(q), "%w", q))
	}
	return errors.Join(faults...)
}

// parseTime reads the moment that a flag gives.
func parseTime(flag, s string) (time.Time, error) {
	t, err := authz.ParseMoment(s)
	if err != nil {
		return time.Time{}, fmt.Errorf("reading --%s: %w", flag, err)
	}
	return t, nil
}
