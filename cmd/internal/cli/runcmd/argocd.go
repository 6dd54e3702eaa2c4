package runcmd

import (
	"context"
	"fmt"
	"log/slog"
	"slices"

	"github.com/spf13/pflag"

	"github.com/gatorcloud/sluice/cmd/internal/cli/argoflags"
	"github.com/gatorcloud/sluice/cmd/internal/cli/promflags"
	"github.com/gatorcloud/sluice/renderer/argocd/notify"
	"github.com/gatorcloud/sluice/renderer/argocd/observe"
	"github.com/gatorcloud/sluice/renderer/argocd/unblock"
	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/model/manifest"
	"github.com/gatorcloud/sluice/renderer/prometheus"
	"github.com/gatorcloud/sluice/renderer/run/loop"
	"github.com/gatorcloud/sluice/renderer/run/replica"
)

// Applications are those of one Argo CD.
type Applications interface {
	observe.Cluster
	observe.Watcher
	notify.Looker
	unblock.Tender
	// Review says whose a token is, and whether he may get an Application.
	Review(ctx context.Context, token, application string) (user string, may bool, err error)
}

// Occasions on which Applications are refreshed. The first round's onSoak is
// still read: whose soak ends is the engine's to see.
const (
	onSoak = "soak"
	onPush = "push"
)

// argo are the flags that say how Argo CD is told and observed.
type argo struct {
	argoflags.Flags
	clusters                  argoflags.Clusters
	apps                      map[argoflags.Cluster]Applications // once they are connected to
	webhook                   string
	refresh                   []string
	retry, rollouts, insecure bool
	metrics                   promflags.Flags
	prometheus                *prometheus.Client
	set                       *pflag.FlagSet
}

func (a *argo) add(set *pflag.FlagSet) {
	a.set = set
	set.StringVar(&a.webhook, "argocd-webhook", "", "Argo CD's webhook to tell about pushes, such as https://argocd.example/api/webhook; its secret is read from SLUICE_ARGOCD_WEBHOOK_TOKEN")
	set.BoolVar(&a.insecure, "argocd-webhook-insecure-http", false, "send the webhook's token over plain http to other machines too, where whoever is on the way reads it")
	a.Add(set, "rollouts wait for people, and no Application is refreshed")
	set.BoolVar(&a.rollouts, "rollouts", true, "move versions from ring to ring on what Argo CD shows; with =false people promote them")
	a.metrics.Add(set)
	set.BoolVar(&a.retry, "argocd-retry", true, "start operations again, three times, that ended without a verdict because Argo CD or the cluster was not there, or on what was Degraded and is Healthy by now, and end those that work on what is no longer asked for")
	set.StringSliceVar(&a.refresh, "argocd-refresh", nil, "when Applications are refreshed: "+onPush+", for all whose files a push changed; "+onSoak+" means nothing any more")
}

// check refuses flags that say nothing.
func (a *argo) check() (err error) {
	if a.clusters, err = a.Clusters(); err != nil {
		return err
	}
	if a.prometheus, err = a.metrics.Client(); err != nil {
		return err
	}
	for _, occasion := range a.refresh {
		if occasion != onSoak && occasion != onPush {
			return fault.Hintf("use push", "reading --argocd-refresh: %q is unknown", occasion)
		}
	}
	asks := map[string]bool{"argocd-refresh": true, "argocd-namespace": true, "argocd-retry": true, "rollouts": a.rollouts}
	for _, flag := range []string{"argocd-refresh", "argocd-namespace", "argocd-retry", "rollouts"} {
		if len(a.clusters.All()) == 0 && a.set.Changed(flag) && asks[flag] {
			return fault.Hintf("name the cluster with --argocd-kubeconfig FILE or "+argoflags.InCluster, "reading --%s: Argo CD's cluster is not named", flag)
		}
	}
	return nil
}

// argocd gives the replica what tells and shows Argo CD. The function closes it.
func (o *options) argocd(c *replica.Config, log *slog.Logger) (closed func(), err error) {
	a := &o.argo
	if err := a.check(); err != nil {
		return nil, err
	}
	if slices.Contains(a.refresh, onSoak) {
		log.Warn("--argocd-refresh soak means nothing any more", "hint", "leave it out: soaks are the engine's, which looks at Argo CD while something is under way")
	}
	if a.webhook != "" {
		hook, err := notify.NewWebhook(a.webhook, o.deps.Getenv("SLUICE_ARGOCD_WEBHOOK_TOKEN"), a.insecure, nil)
		if err != nil {
			return nil, fmt.Errorf("reading --argocd-webhook: %w", err)
		}
		c.Notifiers = append(c.Notifiers, o.notifier(notify.Options{Sender: hook}, c, log))
	}
	apps, closed, err := o.connect()
	if err != nil {
		return nil, err
	}
	o.argo.apps = apps
	o.use(c, log, apps)
	return closed, nil
}

// connect opens every cluster that an environment has; none is asked anything yet.
func (o *options) connect() (apps map[argoflags.Cluster]Applications, closed func(), err error) {
	apps = map[argoflags.Cluster]Applications{}
	var all []func()
	closed = func() {
		for _, f := range all {
			f()
		}
	}
	for _, place := range o.argo.clusters.All() {
		there, f, err := o.deps.ArgoCD(place)
		if err != nil {
			closed()
			return nil, nil, fmt.Errorf("reading --%s: %w", argoflags.Flag, err)
		}
		apps[place], all = there, append(all, f)
	}
	return apps, closed, nil
}

// use gives the replica each environment's own Argo CD. One that does not
// answer holds up no other: none is asked by what asks another.
func (o *options) use(c *replica.Config, log *slog.Logger, apps map[argoflags.Cluster]Applications) {
	of := func(env ident.Environment) Applications {
		place, ok := o.argo.clusters.Of(env)
		if !ok {
			return nil
		}
		return apps[place]
	}
	if o.argo.rollouts {
		c.Observer = func(p manifest.Place) loop.Observer {
			if there := of(p.Environment); there != nil {
				return &prometheus.Observer{Sight: observe.New(there, p), Client: o.argo.prometheus}
			}
			return nil
		}
	}
	if o.argo.retry {
		c.Tender = func(env ident.Environment) unblock.Tender {
			if there := of(env); there != nil {
				return there
			}
			return nil
		}
	}
	for _, place := range o.argo.clusters.All() {
		there := apps[place]
		mine := func(env ident.Environment) bool { own, ok := o.argo.clusters.Of(env); return ok && own == place }
		if slices.Contains(o.argo.refresh, onPush) {
			c.Notifiers = append(c.Notifiers, o.notifier(notify.Options{Sender: notify.Refresh{Applications: there}, Of: mine}, c, log))
		}
		c.Notifiers = append(c.Notifiers, notify.New(notify.Options{Sender: notify.Confirm{Applications: there}, Of: mine, Attempts: 1, Hear: func(err error) {
			if err != nil {
				log.Warn("looking whether Argo CD saw a push", "error", err, "hint", fault.HintOf(err))
			}
		}}))
	}
}

// notifier returns what sends notices and counts them.
func (o *options) notifier(n notify.Options, c *replica.Config, log *slog.Logger) *notify.Notifier {
	n.Hear = func(err error) {
		result := "sent"
		if err != nil {
			result = "failed"
			log.Warn("telling Argo CD", "error", err, "hint", fault.HintOf(err))
		}
		c.Metrics.Notices.WithLabelValues(result).Inc()
	}
	return notify.New(n)
}
