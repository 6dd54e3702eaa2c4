package embedded

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	"go.etcd.io/etcd/client/pkg/v3/fileutil"
)

// A process that uses another one's server holds a lock on a file of its own
// in the folder users, taken before it looks for the endpoint. The server's
// process takes the endpoint away before it looks at the locks: so it sees
// everybody who found the endpoint, and stops when they are done.
const usersFolder = "users"

// user is the lock of a process that uses another one's server.
type user struct{ lock *fileutil.LockedFile }

func newUser(dir string) (*user, error) {
	folder := filepath.Join(dir, usersFolder)
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, err
	}
	f, err := os.CreateTemp(folder, "")
	if err != nil {
		return nil, err
	}
	if err := f.Close(); err != nil {
		return nil, err
	}
	lock, err := fileutil.TryLockFile(f.Name(), os.O_WRONLY, 0o600)
	if errors.Is(err, os.ErrNotExist) {
		return nil, fileutil.ErrLocked // the server's process was faster: it is stopping
	}
	if err != nil {
		return nil, err
	}
	return &user{lock}, nil
}

// close tells the server's process that it need not wait any longer.
func (u *user) close() error {
	err := os.Remove(u.lock.Name())
	if errors.Is(err, os.ErrNotExist) {
		err = nil
	}
	return errors.Join(err, u.lock.Close())
}

// attach returns the server of the process that holds the directory's lock.
func attach(ctx context.Context, dir string) (*Server, error) {
	u, err := newUser(dir)
	if err != nil {
		return nil, err
	}
	endpoint, err := find(ctx, dir)
	if err != nil {
		return nil, errors.Join(fileutil.ErrLocked, u.close())
	}
	return &Server{endpoint: endpoint, user: u}, nil
}

// find returns the endpoint that the directory tells, if somebody listens there.
func find(ctx context.Context, dir string) (string, error) {
	data, err := os.ReadFile(filepath.Join(dir, endpointFile))
	if err != nil {
		return "", err
	}
	endpoint := strings.TrimSpace(string(data))
	socket, ok := strings.CutPrefix(endpoint, "unix://")
	if !ok {
		return "", fmt.Errorf("endpoint %q is no socket", endpoint)
	}
	conn, err := (&net.Dialer{}).DialContext(ctx, "unix", socket)
	if err != nil {
		return "", err
	}
	return endpoint, conn.Close()
}

// waitForUsers returns when no other process uses the server, or when patience
// is over. Files of processes that ended without closing are removed.
func waitForUsers(dir string, patience time.Duration) {
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		if !used(filepath.Join(dir, usersFolder)) {
			return
		}
	}
}

func used(folder string) bool {
	files, err := os.ReadDir(folder)
	if err != nil {
		return false
	}
	for _, f := range files {
		path := filepath.Join(folder, f.Name())
		lock, err := fileutil.TryLockFile(path, os.O_WRONLY, 0o600)
		if errors.Is(err, fileutil.ErrLocked) {
			return true
		}
		if err == nil {
			_ = (&user{lock}).close() // left by a process that is gone
		}
	}
	return false
}
