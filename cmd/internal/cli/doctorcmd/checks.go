package doctorcmd

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/gatorcloud/sluice/renderer/etcd"
	"github.com/gatorcloud/sluice/renderer/model/fault"
)

// floor is the least etcd that delivers progress notifications in order:
// before 3.4.25 and 3.5.8 one could overtake events, and changes were lost.
var floor = map[int]int{4: 25, 5: 8}

// checkVersion asks every endpoint for its version.
func checkVersion(ctx context.Context, store *etcd.Store) (string, error) {
	client := store.Client()
	version := ""
	for _, endpoint := range client.Endpoints() {
		resp, err := client.Status(ctx, endpoint)
		if err != nil {
			return "", fault.New(fault.Retry, "look at the cluster: etcdctl endpoint status --cluster", "asking %q for its version: %w", endpoint, err)
		}
		if err := goodVersion(resp.Version); err != nil {
			return "", fmt.Errorf("etcd at %q: %w", endpoint, err)
		}
		version = resp.Version
	}
	return version, nil
}

// goodVersion refuses versions whose watch can lose changes.
func goodVersion(v string) error {
	var major, minor, patch int
	if n, _ := fmt.Sscanf(v, "%d.%d.%d", &major, &minor, &patch); n < 3 {
		return fault.Hintf("use etcd 3.5.8 or later", "version %q is unknown", v)
	}
	least, named := floor[minor]
	if major < 3 || major == 3 && (minor < 4 || named && patch < least) {
		return fault.Hintf("use etcd 3.5.8 or later: in this version a watch can lose changes", "version %s is too old", v)
	}
	return nil
}

// checkAlarms reports alarms of any member, such as a full disk.
func checkAlarms(ctx context.Context, store *etcd.Store) error {
	resp, err := store.Client().AlarmList(ctx)
	if err != nil {
		err = store.Explain("asking for alarms", err)
		return fault.New(fault.ClassOf(err), cmp.Or(fault.HintOf(err), "ask etcd itself: etcdctl alarm list"), "%w", err)
	}
	for _, a := range resp.Alarms {
		switch a.Alarm {
		case etcdserverpb.AlarmType_NONE:
		case etcdserverpb.AlarmType_NOSPACE:
			return fault.Hintf(etcd.MakeRoom, "member %x raises %s: its database is full, and nothing is written until the alarm is disarmed", a.MemberID, a.Alarm)
		default:
			return fault.Hintf(fmt.Sprintf("replace the member: etcdctl member remove %x, then add it anew with an empty directory", a.MemberID),
				"member %x raises %s", a.MemberID, a.Alarm)
		}
	}
	return nil
}

// checkWrite makes and removes a key below a prefix, under a lease in case we
// are stopped between the two.
func checkWrite(ctx context.Context, store *etcd.Store, prefix string) error {
	client := store.Client()
	lease, err := client.Grant(ctx, 30)
	if err != nil {
		return store.Explain("getting a lease", err)
	}
	key := fmt.Sprintf("%s/doctor-%x/doctor", prefix, int64(lease.ID))
	if _, err := client.Put(ctx, key, "", clientv3.WithLease(lease.ID)); err != nil {
		return grantable(store, fmt.Sprintf("writing below %q", prefix), "readwrite", prefix, err)
	}
	if _, err := client.Revoke(ctx, lease.ID); err != nil {
		return store.Explain("giving a lease back", err)
	}
	return nil
}

// grantable explains an error; a right that is missing is told by its prefix.
func grantable(store *etcd.Store, doing, right, prefix string, err error) error {
	told := store.Explain(doing, err)
	if errors.Is(err, rpctypes.ErrPermissionDenied) {
		return fault.Hintf(fmt.Sprintf("grant it: etcdctl role grant-permission ROLE %s --prefix=true %s/", right, prefix), "%w", told)
	}
	return told
}

// checkRead counts the records below a prefix.
func checkRead(ctx context.Context, store *etcd.Store, prefix string) (string, error) {
	now, err := store.Now(ctx, prefix)
	if err != nil {
		return "", err
	}
	resp, err := store.Client().Get(ctx, prefix+"/", clientv3.WithPrefix(), clientv3.WithCountOnly())
	if err != nil {
		return "", grantable(store, fmt.Sprintf("reading below %q", prefix), "read", prefix, err)
	}
	return fmt.Sprintf("%d records below %s at revision %d of cluster %x", resp.Count, prefix, now.Revision, now.Cluster), nil
}

// slack is how much the clocks of a site may differ.
const slack = time.Minute

// checkClock refuses a clock that is obviously not set: one that is before the
// newest commit of the branch, or before sluice existed. What decides about
// starts and ends is this machine's own clock.
func checkClock(now, last time.Time) error {
	const hint = "set the clock, e.g. with chrony"
	if now.Year() < 2024 {
		return fault.Hintf(hint, "it says %s", now.UTC().Format(time.RFC3339))
	}
	if behind := last.Sub(now); behind > slack {
		return fault.Hintf(hint+"; or find out whose clock made that commit", "it says %s, which is %s before the newest commit of the branch",
			now.UTC().Format(time.RFC3339), behind.Round(time.Second))
	}
	return nil
}
