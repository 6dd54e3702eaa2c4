package runcmd

import (
	"fmt"
	"log/slog"
	"slices"

	"github.com/spf13/pflag"

	"github.com/gatorcloud/sluice/renderer/argocd/notify"
	"github.com/gatorcloud/sluice/renderer/argocd/soak"
	"github.com/gatorcloud/sluice/renderer/argocd/unblock"
	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/run/replica"
)

// InCluster is the kubeconfig that means the account of the pod.
const InCluster = "in-cluster"

// Applications are those of Argo CD, by their names.
type Applications interface {
	soak.Rings
	notify.Refresher
	unblock.Starter
}

// Occasions on which Applications are refreshed.
const (
	onSoak = "soak"
	onPush = "push"
)

// argo are the flags that say how Argo CD is told.
type argo struct {
	webhook, kubeconfig, namespace string
	refresh                        []string
	retry                          bool
	set                            *pflag.FlagSet
}

func (a *argo) add(set *pflag.FlagSet) {
	a.set = set
	set.StringVar(&a.webhook, "argocd-webhook", "", "Argo CD's webhook to tell about pushes, such as https://argocd.example/api/webhook; its secret is read from SLUICE_ARGOCD_WEBHOOK_TOKEN")
	set.StringVar(&a.kubeconfig, "argocd-kubeconfig", "", "kubeconfig `file` of the cluster that Argo CD runs in, or "+InCluster+"; without it no Application is refreshed")
	set.BoolVar(&a.retry, "argocd-retry", true, "start operations again that ended without a verdict, because Argo CD or the cluster was not there; three times")
	set.StringVar(&a.namespace, "argocd-namespace", "argocd", "`namespace` of Argo CD's Applications")
	set.StringSliceVar(&a.refresh, "argocd-refresh", []string{onSoak}, "when Applications are refreshed: "+onSoak+", for a ring whose soak has ended, and "+onPush+", for all whose files a push changed")
}

// check refuses flags that say nothing.
func (a *argo) check() error {
	for _, occasion := range a.refresh {
		if occasion != onSoak && occasion != onPush {
			return fault.Hintf("use soak, push, or both with a comma", "reading --argocd-refresh: %q is unknown", occasion)
		}
	}
	for _, flag := range []string{"argocd-refresh", "argocd-namespace", "argocd-retry"} {
		if a.kubeconfig == "" && a.set.Changed(flag) {
			return fault.Hintf("name the cluster with --argocd-kubeconfig FILE or "+InCluster, "reading --%s: Argo CD's cluster is not named", flag)
		}
	}
	return nil
}

// argocd gives the replica what tells Argo CD. The function closes it.
func (o *options) argocd(c *replica.Config, log *slog.Logger) (func(), error) {
	closed := func() {}
	if err := o.argo.check(); err != nil {
		return nil, err
	}
	if o.argo.webhook != "" {
		hook, err := notify.NewWebhook(o.argo.webhook, o.deps.Getenv("SLUICE_ARGOCD_WEBHOOK_TOKEN"), nil)
		if err != nil {
			return nil, fmt.Errorf("reading --argocd-webhook: %w", err)
		}
		c.Notifiers = append(c.Notifiers, o.notifier(hook, c, log))
	}
	if o.argo.kubeconfig == "" {
		return closed, nil
	}
	apps, closed, err := o.deps.ArgoCD(o.argo.kubeconfig, o.argo.namespace)
	if err != nil {
		return nil, fmt.Errorf("reading --argocd-kubeconfig: %w", err)
	}
	if o.argo.retry {
		c.Starter = apps
	}
	if slices.Contains(o.argo.refresh, onSoak) {
		c.Rings = apps
	}
	if slices.Contains(o.argo.refresh, onPush) {
		c.Notifiers = append(c.Notifiers, o.notifier(notify.Refresh{Applications: apps}, c, log))
	}
	return closed, nil
}

// notifier returns what sends notices and counts them.
func (o *options) notifier(s notify.Sender, c *replica.Config, log *slog.Logger) *notify.Notifier {
	return notify.New(notify.Options{Sender: s, Hear: func(err error) {
		result := "sent"
		if err != nil {
			result = "failed"
			log.Warn("telling Argo CD", "error", err, "hint", fault.HintOf(err))
		}
		c.Metrics.Notices.WithLabelValues(result).Inc()
	}})
}
