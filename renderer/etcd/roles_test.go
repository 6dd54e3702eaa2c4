package etcd

import (
	"os"
	"slices"
	"strings"
	"testing"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/gatorcloud/sluice/renderer/model/short"
)

// command runs a line of the page as etcdctl does.
func command(t *testing.T, c *clientv3.Client, line string) error {
	t.Helper()
	ctx, words := t.Context(), strings.Fields(line)[1:]
	prefix := slices.Contains(words, "--prefix")
	words = slices.DeleteFunc(words, func(w string) bool { return w == "--prefix" })
	var err error
	switch strings.Join(words[:2], " ") {
	case "role add":
		_, err = c.RoleAdd(ctx, words[2])
	case "role grant-permission":
		end := ""
		if prefix {
			end = clientv3.GetPrefixRangeEnd(words[4])
		}
		kind := map[string]clientv3.PermissionType{"read": clientv3.PermissionType(clientv3.PermRead), "write": clientv3.PermissionType(clientv3.PermWrite), "readwrite": clientv3.PermissionType(clientv3.PermReadWrite)}
		_, err = c.RoleGrantPermission(ctx, words[2], words[4], end, kind[words[3]])
	case "user add":
		_, err = c.UserAdd(ctx, words[2], "s3cret")
	case "user grant-role":
		_, err = c.UserGrantRole(ctx, words[2], words[3])
	case "auth enable":
		_, err = c.AuthEnable(ctx)
	default:
		t.Fatalf("the page has another command: %s", line)
	}
	return err
}

// The page's commands give each user what it needs and no more.
func TestRolesOfThePage(t *testing.T) {
	short.Skip(t, "makes users and roles")
	t.Parallel()
	page, err := os.ReadFile("../install/SECURITY.md")
	if err != nil {
		t.Fatal(err)
	}
	server := serve(t)
	admin := dial(t, Config{Endpoints: server.Endpoints()}).client
	for _, line := range []string{"etcdctl role add root", "etcdctl user add root", "etcdctl user grant-role root root"} { //nolint:dupword // as it is written
		if err := command(t, admin, line); err != nil {
			t.Fatal(err)
		}
	}
	n := 0
	for line := range strings.Lines(string(page)) {
		if line = strings.TrimSpace(line); strings.HasPrefix(line, "etcdctl ") {
			n++
			if err := command(t, admin, line); err != nil {
				t.Fatalf("%s: %v", line, err)
			}
		}
	}
	if n < 10 {
		t.Fatalf("found %d commands on the page, want all", n)
	}
	for _, tc := range []struct {
		user, key   string
		read, write bool
	}{
		{"sluice-run-pop-sha1", "/tenant/info/1/rs/swg", true, false},
		{"sluice-run-pop-sha1", "/tenant/status/1/swg", true, true},
		{"sluice-run-pop-sha1", "/sluice/leader/pop-sha1/1", true, true},
		{"sluice-run-pop-sha1", "/sluice/leader/pop-sha2/1", false, false},
		{"sluice-ingest", "/tenant/info/1/rs/swg", true, true},
		{"sluice-ingest", "/tenant/status/1/swg", true, false},
		{"sluice-ingest", "/sluice/ingest/dirty/1", true, true},
		{"sluice-ingest", "/sluice/tasks/list-of-sps/running", true, true},
		{"sluice-ingest", "/sluice/leader/pop-sha1/1", false, false},
		{"upstream", "/tenant/info/1", true, true},
		{"upstream", "/tenant/status/1/swg", false, false},
		{"support", "/tenant/info/1", true, false},
		{"support", "/sluice/leader/pop-sha1/1", false, false},
	} {
		c := dial(t, Config{Endpoints: server.Endpoints(), Username: tc.user, Password: "s3cret"}).client
		_, readErr := c.Get(t.Context(), tc.key)
		_, writeErr := c.Put(t.Context(), tc.key, "x")
		if (readErr == nil) != tc.read || (writeErr == nil) != tc.write {
			t.Errorf("%s at %s: reading %v, writing %v, want %t and %t", tc.user, tc.key, readErr, writeErr, tc.read, tc.write)
		}
	}
	for _, user := range []string{"sluice-run-pop-sha1", "sluice-ingest"} {
		reader := dial(t, Config{Endpoints: server.Endpoints(), Username: user, Password: "s3cret"})
		if _, err := reader.Snapshot(t.Context(), prefix); err != nil {
			t.Errorf("Snapshot() with the role of %s = %v", user, err)
		}
	}
}
