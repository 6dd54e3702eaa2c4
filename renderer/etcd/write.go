package etcd

import (
	"context"
	"fmt"
	"strings"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/gatorcloud/sluice/renderer/model/authz"
	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/ident"
)

// maxChanges is how many changes one transaction holds: etcd takes 128
// conditions, and a change needs up to two.
const maxChanges = 60

// PutTenant writes the tenant's own record if its revision is the given one
// (see authz.Change) and returns the new revision.
func (r *Records) PutTenant(ctx context.Context, t authz.Tenant, revision int64) (int64, error) {
	c, err := t.Put(revision)
	if err != nil {
		return 0, err
	}
	return r.commit(ctx, []authz.Change{c})
}

// PutAuthorisation writes the authorisation that key names, whose tenant must
// exist, if its revision is the given one, and returns the new revision.
func (r *Records) PutAuthorisation(ctx context.Context, key authz.Key, a authz.Authorisation, revision int64) (int64, error) {
	c, err := a.Put(key, revision)
	if err != nil {
		return 0, err
	}
	return r.commit(ctx, []authz.Change{c})
}

// Apply writes the changes in order. Sixty at a time are one transaction,
// written whole or not at all; progress, which may be nil, is told how many
// are written.
func (r *Records) Apply(ctx context.Context, changes []authz.Change, progress func(done int)) error {
	for done := 0; done < len(changes); {
		n := min(maxChanges, len(changes)-done)
		if _, err := r.commit(ctx, changes[done:done+n]); err != nil {
			return fmt.Errorf("after %d of %d changes: %w", done, len(changes), err)
		}
		done += n
		if progress != nil {
			progress(done)
		}
	}
	return nil
}

// Delete removes what key names, a tenant with all its authorisations in one
// transaction, and returns how many records that were.
func (r *Records) Delete(ctx context.Context, key authz.Key) (int64, error) {
	if key.Tenant.IsZero() {
		return 0, fault.Hintf("name a tenant", "deleting a record: it has no tenant")
	}
	name := authz.FormatKey(r.prefix, key)
	ops := []clientv3.Op{clientv3.OpDelete(name)}
	if key.Product.IsZero() {
		ops = append(ops, clientv3.OpDelete(name+"/", clientv3.WithPrefix()))
	}
	ctx, cancel := r.store.request(ctx)
	defer cancel()
	resp, err := r.store.kv.Txn(ctx).Then(ops...).Commit()
	if err != nil {
		return 0, r.store.config.explain(fmt.Sprintf("deleting %q from etcd", key), err)
	}
	var n int64
	for _, part := range resp.Responses {
		n += part.GetResponseDeleteRange().Deleted
	}
	return n, nil
}

// DeleteKey removes one key below the prefix that names no record, so that
// nothing else can, and reports whether it was there. A dry run only looks.
func (r *Records) DeleteKey(ctx context.Context, key string, dryRun bool) (bool, error) {
	named, err := authz.ParseKey(r.prefix, key)
	switch {
	case err == nil:
		return false, fault.Hintf("delete it by its name: sluice authz delete "+named.String(), "deleting key %q: it names the record %q", key, named)
	case !strings.HasPrefix(key, r.prefix+"/"):
		return false, fmt.Errorf("deleting key %s: %w", fault.Clip(key), err)
	}
	op := clientv3.OpDelete(key)
	if dryRun {
		op = clientv3.OpGet(key, clientv3.WithCountOnly())
	}
	ctx, cancel := r.store.request(ctx)
	defer cancel()
	resp, err := r.store.kv.Do(ctx, op)
	switch {
	case err != nil:
		return false, r.store.config.explain("deleting a key from etcd", err)
	case dryRun:
		return resp.Get().Count > 0, nil
	}
	return resp.Del().Deleted > 0, nil
}

// commit writes one transaction.
func (r *Records) commit(ctx context.Context, changes []authz.Change) (int64, error) {
	t := r.transaction(changes)
	ctx, cancel := r.store.request(ctx)
	defer cancel()
	resp, err := r.store.kv.Txn(ctx).If(t.guards...).Then(t.writes...).Else(t.looks...).Commit()
	if err != nil {
		return 0, r.store.config.explain(fmt.Sprintf("writing %s to etcd", describe(changes)), err)
	}
	if !resp.Succeeded {
		return 0, t.conflict(resp)
	}
	return resp.Header.Revision, nil
}

func describe(changes []authz.Change) string {
	if len(changes) == 1 {
		return fmt.Sprintf("%q", changes[0].Key)
	}
	return fmt.Sprintf("%d records", len(changes))
}

// transaction is an etcd transaction with what is needed to say why it failed.
type transaction struct {
	guards        []clientv3.Cmp
	writes, looks []clientv3.Op
	expects       []expectation // of looks, in order
}

// expectation is what a guard expects of a record.
type expectation struct {
	key      authz.Key
	revision int64 // AnyRevision: that the record exists
}

// transaction guards each write by its record's revision, and each
// authorisation by its tenant's existence, so that none is ever left alone.
func (r *Records) transaction(changes []authz.Change) *transaction {
	t := &transaction{}
	tenants := map[ident.Tenant]bool{} // written or guarded
	for _, c := range changes {
		name := authz.FormatKey(r.prefix, c.Key)
		if owner := c.Key.Tenant; c.Key.Product.IsZero() {
			tenants[owner] = c.Value != nil
		} else if c.Value != nil && !tenants[owner] {
			tenants[owner] = true
			own := authz.Key{Tenant: owner}
			ownName := authz.FormatKey(r.prefix, own)
			t.guard(own, ownName, authz.AnyRevision, clientv3.Compare(clientv3.CreateRevision(ownName), ">", 0))
		}
		if c.Revision != authz.AnyRevision {
			t.guard(c.Key, name, c.Revision, clientv3.Compare(clientv3.ModRevision(name), "=", c.Revision))
		}
		if c.Value == nil {
			t.writes = append(t.writes, clientv3.OpDelete(name))
		} else {
			t.writes = append(t.writes, clientv3.OpPut(name, string(c.Value)))
		}
	}
	return t
}

func (t *transaction) guard(key authz.Key, name string, revision int64, cmp clientv3.Cmp) {
	t.guards = append(t.guards, cmp)
	t.looks = append(t.looks, clientv3.OpGet(name, clientv3.WithKeysOnly()))
	t.expects = append(t.expects, expectation{key, revision})
}

// conflict says which record was not as expected.
func (t *transaction) conflict(resp *clientv3.TxnResponse) error {
	for i, e := range t.expects {
		var found int64
		if kvs := resp.Responses[i].GetResponseRange().Kvs; len(kvs) > 0 {
			found = kvs[0].ModRevision
		}
		switch {
		case e.revision == authz.AnyRevision && found == 0:
			return fault.Hintf(fmt.Sprintf("write the tenant first: sluice authz put %s --name NAME --code CODE", e.key),
				"writing an authorisation: tenant %q does not exist", e.key)
		case e.revision == 0 && found != 0:
			return fault.New(fault.Retry, "read it and decide again", "writing %q: somebody else made it at revision %d", e.key, found)
		case e.revision > 0 && found == 0:
			return fault.New(fault.Retry, "read it and decide again", "writing %q: somebody else deleted it", e.key)
		case e.revision > 0 && found != e.revision:
			return fault.New(fault.Retry, "read it and decide again",
				"writing %q: somebody else changed it from revision %d to %d", e.key, e.revision, found)
		}
	}
	return fault.New(fault.Retry, "run it again", "writing to etcd: a condition did not hold")
}
