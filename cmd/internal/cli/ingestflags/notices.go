package ingestflags

import (
	"fmt"
	"net/http"
	"os"
	"time"

	"github.com/spf13/pflag"

	"github.com/gatorcloud/sluice/cmd/internal/cli/ranged"
	"github.com/gatorcloud/sluice/renderer/ingest"
	"github.com/gatorcloud/sluice/renderer/ingest/caller"
	"github.com/gatorcloud/sluice/renderer/ingest/notify"
	"github.com/gatorcloud/sluice/renderer/model/fault"
)

// addListener adds the flags of where something listens, and how.
func addListener(set *pflag.FlagSet, l *caller.Listener, what, address, usage string) {
	set.StringVar(&l.Address, what+"-listen", address, usage)
	set.StringVar(&l.CertFile, what+"-cert", "", "certificate of that address, PEM `file`; without one it is a loopback one")
	set.StringVar(&l.KeyFile, what+"-key", "", "key of that certificate, PEM `file`")
	set.StringVar(&l.ClientCAFile, what+"-client-ca", "", "authorities of the certificates of who calls there, PEM `file`")
	set.BoolVar(&l.Insecure, what+"-insecure-http", false, "listen in plain http on other addresses too, where whoever is on the way reads and changes it")
}

// notices are the flags of what SPS calls.
type notices struct {
	from caller.Listener
	file string
	rate int
}

func (n *notices) add(set *pflag.FlagSet) {
	addListener(set, &n.from, "notify", "127.0.0.1:8081", "address of POST /v1/notify; empty serves none")
	set.StringVar(&n.file, "notify-keys", "", "`file` with the keys that sign notices, whsec_ and base64, one a line; without it no notices are taken")
	ranged.Int(set, "notify-rate", ranged.Bounds[int]{Into: &n.rate, Default: 2000, Least: 1, Most: 1_000_000}, "how many notices a second are taken")
}

// open reads the keys; nil when there is no file.
func (n *notices) open(now time.Time, unread func(error)) (*caller.Files[[]notify.Key], error) {
	if n.file == "" {
		return nil, nil
	}
	return caller.Open(now, func() ([]notify.Key, error) {
		data, err := os.ReadFile(n.file)
		if err != nil {
			return nil, fault.Hintf("check --notify-keys", "reading the keys of notices: %w", err)
		}
		keys, err := notify.ParseKeys(data)
		if err != nil {
			return nil, fmt.Errorf("reading --notify-keys: %w", err)
		}
		return keys, nil
	}, unread)
}

// routes serves what SPS calls; nil when it may call nothing.
func (s *Service) routes(store *ingest.Store) http.Handler {
	if s.keys == nil {
		return nil
	}
	for _, cause := range notify.Causes() {
		s.counts.Notices.WithLabelValues(cause)
	}
	mux := http.NewServeMux()
	mux.Handle("POST /v1/notify", notify.NewHandler(notify.Options{
		Marker: store, Keys: func() []notify.Key { return s.keys.Get(s.Now()) }, Read: s.flags.options.Mapping.ReadNotice, Now: s.Now, Rate: s.flags.notices.rate,
		Hear: func(cause string) { s.counts.Notices.WithLabelValues(cause).Inc() },
	}))
	return mux
}
