// Package embedded runs etcd inside the process, for newcomers, demonstrations
// and tests.
//
// One data directory has one server: the process that holds the directory's
// lock runs it, and every other process that opens the directory while it runs
// is given the same endpoint; the server stops when the last of them is done.
// The server listens on a socket in a directory
// that only its user may enter, on no network port, and logs nothing. Its data
// stays when it stops; what a client was told is written is on the disk.
//
// The package is apart from package etcd so that only programs that want a
// server link one.
package embedded

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"time"

	"go.etcd.io/etcd/client/pkg/v3/fileutil"
	"go.etcd.io/etcd/server/v3/embed"

	"github.com/gatorcloud/sluice/renderer/model/fault"
)

const (
	lockFile     = "lock"
	endpointFile = "endpoint"
	socketFile   = "etcd.sock"
	// maxSocket is below the shortest limit of a socket's path, 103 bytes on macOS.
	maxSocket = 100
	// patience is how long Start waits for another process to start or stop the server.
	patience = 10 * time.Second
)

// Server is a running etcd, of this process or of another one.
type Server struct {
	endpoint string
	owned    *owned // nil when another process runs the server
	user     *user  // nil when this process runs it
	once     sync.Once
}

// owned is what Close gives back.
type owned struct {
	dir, sockets string // sockets is empty or a directory to remove
	etcd         *embed.Etcd
	lock         *fileutil.LockedFile
}

// Start runs etcd in dir, which it makes if need be, and returns when the
// server answers. If another process already runs it, Start returns that one.
// The server lives until Close; ctx ends the start only.
func Start(ctx context.Context, dir string) (*Server, error) {
	return StartOr(ctx, dir, func(err error) { panic(err) })
}

// StartOr is Start for a program that wants to end in its own way when the
// server can go on no more, because its disk is full or its data damaged. Died
// is called once, on a goroutine of etcd's that may hold locks: it ends the
// process, or what it returns to panics.
func StartOr(ctx context.Context, dir string, died func(error)) (*Server, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("starting etcd in %q: %w", dir, err)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, explain(dir, err, unknown)
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		s, err := open(ctx, dir, died)
		if !errors.Is(err, fileutil.ErrLocked) {
			return s, err
		}
		select {
		case <-ctx.Done():
			return nil, fault.New(fault.Retry, "end the process that holds the directory or use another --etcd-dir",
				"starting etcd in %q: another process holds the directory and serves no etcd", dir)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// open runs the server or finds the running one. It returns ErrLocked while
// neither is possible.
func open(ctx context.Context, dir string, died func(error)) (*Server, error) {
	lock, err := fileutil.TryLockFile(filepath.Join(dir, lockFile), os.O_CREATE|os.O_WRONLY, 0o600)
	var s *Server
	if errors.Is(err, fileutil.ErrLocked) {
		if s, err = attach(ctx, dir); err == nil || errors.Is(err, fileutil.ErrLocked) {
			return s, err
		}
	}
	if err != nil {
		return nil, explain(dir, fmt.Errorf("locking it: %w", err), unknown)
	}
	if err := room(dir, free(dir)); err != nil {
		_ = lock.Close()
		return nil, err
	}
	if s, err = run(ctx, dir, lock, died); err != nil {
		_ = lock.Close()
		return nil, explain(dir, err, free(dir))
	}
	return s, nil
}

// run starts the server under the lock and tells other processes where it is.
func run(ctx context.Context, dir string, lock *fileutil.LockedFile, died func(error)) (*Server, error) {
	o := &owned{dir: dir, lock: lock}
	socket, err := o.socket()
	if err != nil {
		return nil, err
	}
	endpoint := "unix://" + socket
	if o.etcd, err = start(ctx, config(dir, socket), func(err error) { died(explain(dir, err, free(dir))) }); err != nil {
		o.removeSockets()
		return nil, err
	}
	if err := os.WriteFile(filepath.Join(dir, endpointFile), []byte(endpoint+"\n"), 0o600); err != nil {
		_ = o.close()
		return nil, err
	}
	return &Server{endpoint: endpoint, owned: o}, nil
}

// socket returns the path to listen on: in the data directory, or in a
// temporary one where that is open to others or its path is too long.
func (o *owned) socket() (string, error) {
	info, err := os.Stat(o.dir)
	if err != nil {
		return "", err
	}
	if s := filepath.Join(o.dir, socketFile); len(s) <= maxSocket && info.Mode().Perm()&0o077 == 0 {
		return s, nil
	}
	tmp, err := os.MkdirTemp("", "sluice-")
	if err != nil {
		return "", err
	}
	o.sockets = tmp
	s := filepath.Join(tmp, socketFile)
	if len(s) > maxSocket {
		o.removeSockets()
		return "", fault.Hintf("use a shorter --etcd-dir or TMPDIR", "socket path %q has %d bytes, at most %d are possible", s, len(s), maxSocket)
	}
	return s, nil
}

func (o *owned) removeSockets() {
	if o.sockets != "" {
		_ = os.RemoveAll(o.sockets)
	}
}

// config is a cluster of one that elects itself at once, keeps a day of
// history, and has no peers, so no port for them.
func config(dir, socket string) *embed.Config {
	client := url.URL{Scheme: "unix", Path: socket}
	peer := url.URL{Scheme: "unix", Host: "sluice"}
	cfg := embed.NewConfig()
	cfg.Name = "sluice"
	cfg.Dir = dir
	cfg.ListenClientUrls, cfg.AdvertiseClientUrls = []url.URL{client}, []url.URL{client}
	cfg.ListenPeerUrls, cfg.AdvertisePeerUrls = nil, []url.URL{peer}
	cfg.InitialCluster = cfg.InitialClusterFromName(cfg.Name)
	cfg.TickMs, cfg.ElectionMs = 10, 100
	cfg.EnableGRPCGateway = false
	cfg.AutoCompactionMode, cfg.AutoCompactionRetention = embed.CompactorModePeriodic, "24h"
	return cfg
}

// started is the result of embed.StartEtcd.
type started struct {
	etcd *embed.Etcd
	err  error
}

// start returns when etcd is ready. What etcd would end the process for is an
// error here; goroutines that etcd had begun may be left behind then.
func start(ctx context.Context, cfg *embed.Config, died func(error)) (*embed.Etcd, error) {
	log := newReporter(died)
	cfg.ZapLoggerBuilder = embed.NewZapLoggerBuilder(log.logger())
	result := make(chan started, 1)
	go launch(cfg, result)
	select {
	case s := <-result:
		if s.err != nil {
			return nil, s.err
		}
		if err := ready(ctx, s.etcd, log); err != nil {
			go s.etcd.Close() // which waits for goroutines that may be gone
			return nil, err
		}
		log.serving.Store(true)
		return s.etcd, nil
	case err := <-log.gaveUp:
		return nil, err
	case <-ctx.Done():
		go func() {
			if s := <-result; s.etcd != nil {
				s.etcd.Close()
			}
		}()
		return nil, ctx.Err()
	}
}

// launch starts etcd on a goroutine of its own, which a log line may end.
func launch(cfg *embed.Config, result chan<- started) {
	defer func() {
		if p := recover(); p != nil {
			result <- started{err: fmt.Errorf("etcd gave up on its data: %v", p)}
		}
	}()
	etcd, err := embed.StartEtcd(cfg)
	result <- started{etcd, err}
}

func ready(ctx context.Context, etcd *embed.Etcd, log *reporter) error {
	select {
	case <-etcd.Server.ReadyNotify():
		return nil
	case err := <-etcd.Err():
		return err
	case err := <-log.gaveUp:
		return err
	case <-etcd.Server.StopNotify():
		return errors.New("etcd stopped while it was starting")
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Endpoints returns where the server listens, in the form of etcd's clients.
func (s *Server) Endpoints() []string { return []string{s.endpoint} }

// Owned reports whether the server runs in this process.
func (s *Server) Owned() bool { return s.owned != nil }

// Close ends the use of the server. If it runs in this process it stops once
// no other process uses it, at the latest after ten seconds, and gives the
// directory free. Clients are to be closed before; a second Close does nothing.
func (s *Server) Close() (err error) {
	s.once.Do(func() {
		if s.owned == nil {
			err = s.user.close()
		} else {
			err = s.owned.close()
		}
	})
	return err
}

func (o *owned) close() error {
	// The endpoint goes first: who cannot find the server waits for the lock.
	err := os.Remove(filepath.Join(o.dir, endpointFile))
	if errors.Is(err, os.ErrNotExist) {
		err = nil
	}
	waitForUsers(o.dir, patience)
	o.etcd.Close()
	o.removeSockets()
	return errors.Join(err, o.lock.Close())
}
