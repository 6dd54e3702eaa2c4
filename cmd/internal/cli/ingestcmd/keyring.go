package ingestcmd

import (
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"

	"github.com/gatorcloud/sluice/renderer/ingest/notify"
	"github.com/gatorcloud/sluice/renderer/model/fault"
)

// keysAge is how long the keys of a file are used before it is read again.
const keysAge = 10 * time.Second

// keyring holds the keys of a file, which may change while it is used. It is
// safe for concurrent use.
type keyring struct {
	file  string
	clock func() time.Time
	log   *slog.Logger

	mu   sync.Mutex
	keys []notify.Key
	read time.Time
}

// keyring reads the keys of the flags; nil when there is no file.
func (o *options) keyring(log *slog.Logger) (*keyring, error) {
	if o.keys == "" {
		return nil, nil
	}
	r := &keyring{file: o.keys, clock: o.deps.Now, log: log}
	keys, err := r.load()
	if err != nil {
		return nil, err
	}
	r.keys, r.read = keys, r.clock()
	return r, nil
}

func (r *keyring) load() ([]notify.Key, error) {
	data, err := os.ReadFile(r.file)
	if err != nil {
		return nil, fault.Hintf("check --notify-keys", "reading the keys of notices: %w", err)
	}
	keys, err := notify.ParseKeys(data)
	if err != nil {
		return nil, fmt.Errorf("reading --notify-keys: %w", err)
	}
	return keys, nil
}

// now returns the keys. Those of a file that cannot be read any more stay.
func (r *keyring) now() []notify.Key {
	r.mu.Lock()
	defer r.mu.Unlock()
	if at := r.clock(); at.Sub(r.read).Abs() > keysAge {
		r.read = at
		if keys, err := r.load(); err != nil {
			r.log.Warn("the keys stay as they were", "error", err)
		} else {
			r.keys = keys
		}
	}
	return r.keys
}
