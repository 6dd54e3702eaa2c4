// Package reportcmd is `sluice status` and `sluice why`: what runs, since when,
// and why not.
//
// Git is read at the branch's head; etcd, Argo CD and the destination are asked
// when they are named, and named as missing when they are not. Nothing is
// written, and no source is asked once for each tenant.
package reportcmd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/gatorcloud/sluice/cmd/internal/cli/envflag"
	"github.com/gatorcloud/sluice/cmd/internal/cli/repoflags"
	"github.com/gatorcloud/sluice/cmd/internal/cli/rolloutcmd"
	"github.com/gatorcloud/sluice/renderer/argocd/observe"
	"github.com/gatorcloud/sluice/renderer/etcd/status"
	"github.com/gatorcloud/sluice/renderer/gitlab"
	"github.com/gatorcloud/sluice/renderer/ingest"
	"github.com/gatorcloud/sluice/renderer/model/authz"
	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/prometheus"
	"github.com/gatorcloud/sluice/renderer/report"
	"github.com/gatorcloud/sluice/renderer/rollout"
)

// Records are what etcd says of tenants.
type Records interface {
	// List returns the records of all tenants, or of the given ones.
	List(ctx context.Context, ids ...ident.Tenant) (authz.Listing, error)
	// Statuses returns what the renderer told of authorisations.
	Statuses(ctx context.Context, ids ...ident.Tenant) (map[authz.Key]status.Record, error)
	// Held returns the changes that wait for a person.
	Held(ctx context.Context) ([]ingest.HeldTenant, error)
	// Mark returns what differs when anything that the others return of all does.
	Mark(ctx context.Context) (string, error)
}

// Etcd opens the records below a prefix.
type Etcd struct {
	// Flags adds the flags to a command's set.
	Flags func(*pflag.FlagSet)
	// Open returns no records when no server is named. The function closes them.
	Open opener
}

// opener opens the records below a prefix: none when no server is named.
type opener = func(ctx context.Context, prefix string) (r Records, closed func() error, err error)

// GitLab finds the project whose merge requests wait.
type GitLab struct {
	// Flags adds the flags to a command's set.
	Flags func(*pflag.FlagSet)
	// Open returns the project of a repository; nil when no GitLab is named.
	Open func(repository string) (Requests, error)
}

// Requests are the merge requests of a project.
type Requests interface {
	// Bumps returns those that are open and bump versions.
	Bumps(ctx context.Context) ([]gitlab.Bump, error)
}

// Deps are what the commands need from outside.
type Deps struct {
	// Repo and Etcd return what finds them, with flags of its own for each command.
	Repo func() repoflags.Repository
	Etcd func() Etcd
	// Argo connects to the cluster in which Argo CD runs.
	Argo func(p rolloutcmd.Place) (there observe.Annotator, closed func(), err error)
	// GitLab returns what finds the project with merge requests, with flags of its own.
	GitLab func() GitLab
	// Destination connects to the cluster in which tenants run.
	Destination func(p rolloutcmd.Place) (report.Cluster, func(), error)
	Now         func() time.Time
	// Wait waits, or returns why it was ended before.
	Wait func(context.Context, time.Duration) error
}

// asking is what both commands ask, and where.
type asking struct {
	Deps
	sources *Sources
	env     string
}

func (d Deps) asking(flags *pflag.FlagSet) *asking {
	a := &asking{Deps: d, sources: d.Sources(flags)}
	flags.StringVar(&a.env, "env", "", envflag.Usage)
	return a
}

// subject reads TENANT or TENANT/PRODUCT.
func subject(text string) (id ident.Tenant, p ident.Product, err error) {
	tenant, product, both := strings.Cut(text, "/")
	if id, err = ident.Parse[ident.TenantKind](tenant); err == nil && both {
		p, err = ident.Parse[ident.ProductKind](product)
	}
	if err != nil {
		return id, p, fault.Hintf("write TENANT or TENANT/PRODUCT, such as 1000006/swg", "reading %q: %w", text, err)
	}
	return id, p, nil
}

// scene is what was gathered, and what may still be asked.
type scene struct {
	*report.Join
	world *rolloutcmd.World
	argo  observe.Cluster // nil when it was not named, or did not answer
	now   time.Time
	// prometheus asks gates; nil asks none.
	prometheus *prometheus.Client
	metrics    map[ident.Ring]map[string]rollout.Metric // what they answered
	notes      map[authz.Key]*report.Note               // of etcd
	close      []func()
}

func (s *scene) Close() {
	for _, f := range s.close {
		f()
	}
}

// gather reads Git, and etcd of a tenant or of all.
func (a *asking) gather(ctx context.Context, ids ...ident.Tenant) (*scene, error) {
	world, err := rolloutcmd.LookAt(ctx, a.sources.Repo, a.env)
	if err != nil {
		return nil, err
	}
	s := newScene(world, a.Now())
	s.records(ctx, a.sources.Etcd.Open, ids)
	a.connect(s)
	if s.prometheus, err = a.sources.Metrics.Client(); err != nil {
		s.Close()
		return nil, err
	}
	project, err := a.sources.Project()
	asked := inquiry{named: err != nil, err: err}
	if err == nil {
		asked.ask(ctx, project, s.now)
	}
	s.requested(asked)
	return s, nil
}

// newScene returns what Git says.
func newScene(world *rolloutcmd.World, now time.Time) *scene {
	s := &scene{now: now, world: world, Join: report.New(world.Site.Name, world.Catalog)}
	s.granted()
	s.Source(report.Git, s.now, "")
	s.Source(report.Targets, time.Time{}, noDestination)
	return s
}

// noDestination is why nothing is known of the cluster that tenants run in.
const noDestination = "name it with --destination-kubeconfig"

// granted takes what Git has of tenants, and what it grants them.
func (s *scene) granted() {
	w := s.world
	s.Order(w.Input.Fleet, w.Rollouts)
	for i, f := range w.Facts {
		s.Put(report.Member{Facts: f, Ring: w.Input.Fleet.Rings[w.Tenants[i].Ring].Name,
			Pin: func(r authz.Authorisation) ident.Version { return w.Site.Fleet.PinOf(f.ID, r.Product, r.Version) }})
	}
}

// connect opens Argo CD, if it is named.
func (a *asking) connect(s *scene) {
	if !a.sources.Argo.Named() {
		s.Source(report.ArgoCD, time.Time{}, "name its cluster with --kubeconfig or --context")
		return
	}
	s.connect(func() (observe.Cluster, func(), error) { return a.Argo(a.sources.Argo) })
}

// connect opens Argo CD. One that does not answer is a source that is missing.
func (s *scene) connect(open func() (observe.Cluster, func(), error)) {
	there, closed, err := open()
	if err != nil {
		s.Source(report.ArgoCD, time.Time{}, err.Error())
		return
	}
	s.argo, s.close = there, append(s.close, closed)
}

// look reads the Applications that labels choose, each in one list. A list that
// fails makes Argo CD a source that is missing.
func (s *scene) look(ctx context.Context, labels ...string) {
	if s.argo == nil {
		return
	}
	for _, l := range labels {
		if err := observe.Show(ctx, s.argo, observe.Seen{Environment: s.world.Site.Name, Labels: l}, func(a *report.Application) { s.See(a) }); err != nil {
			s.argo = nil
			s.Forget()
			s.Unsee(report.ArgoCD, err.Error())
			return
		}
	}
	s.Source(report.ArgoCD, s.now, "")
}

// ask asks the gates that have something to judge, once, and then the engine
// what it waits for.
func (s *scene) ask(ctx context.Context) {
	if s.metrics == nil {
		metrics, err := measure(ctx, s.prometheus, s.world)
		s.gates(metrics, s.now, err)
	}
	s.think()
}

// think asks the engine what it waits for, by what is seen.
func (s *scene) think() {
	o := s.Observation(s.world.Input, s.world.Rollouts)
	o.Metrics = s.metrics
	s.Reasons(s.world.Think(o, s.now))
	s.Source(report.Engine, s.now, "")
}

// errNoServer is why nothing is known of etcd where no server is named.
var errNoServer = errors.New("name its servers with --etcd-endpoints")

// records reads what etcd says of tenants, of all without ids.
func (s *scene) records(ctx context.Context, open opener, ids []ident.Tenant) {
	r, closed, err := open(ctx, s.world.Site.Etcd.Prefix)
	if err == nil && r == nil {
		err = errNoServer
	}
	if err != nil {
		s.told(err)
		return
	}
	s.close = append(s.close, func() { _ = closed() })
	all, err := hear(ctx, r, ids...)
	if err == nil {
		s.note(all)
	}
	s.told(err)
}

// told says whether etcd answered.
func (s *scene) told(err error) {
	if err != nil {
		s.Source(report.Etcd, time.Time{}, err.Error())
		return
	}
	s.Source(report.Etcd, s.now, "")
}

// said is what etcd says of tenants.
type said struct {
	quarantined []authz.Quarantine
	statuses    map[authz.Key]status.Record
	held        []ingest.HeldTenant
}

// hear reads what etcd says of tenants, of all without ids.
func hear(ctx context.Context, r Records, ids ...ident.Tenant) (all said, err error) {
	list, err := r.List(ctx, ids...)
	if err != nil {
		return all, err
	}
	all.quarantined = list.Quarantined
	if all.statuses, err = r.Statuses(ctx, ids...); err != nil {
		return all, err
	}
	all.held, err = r.Held(ctx)
	return all, err
}

// note notes what in etcd is not as it is in Git, in place of what was noted.
func (s *scene) note(all said) {
	before := s.notes
	s.notes = map[authz.Key]*report.Note{}
	for _, h := range all.held {
		for _, c := range h.Changes {
			s.notes[authz.Key{Tenant: h.ID, Product: c.Product}] = &report.Note{Code: report.HeldBack, Says: fmt.Sprintf("%s from %s to %s: %s", c.Field, c.From, c.To, c.Reason), Since: h.Since}
		}
	}
	for key, told := range all.statuses {
		if told.Environment == s.world.Site.Name.String() && told.Error != "" && !key.Product.IsZero() {
			s.notes[key] = &report.Note{Code: report.Unplanned, Says: told.Error}
		}
	}
	for _, q := range all.quarantined {
		products := []ident.Product{q.Product}
		if q.Product.IsZero() {
			products = s.Products(q.Tenant)
		}
		for _, p := range products {
			s.notes[authz.Key{Tenant: q.Tenant, Product: p}] = &report.Note{Code: report.Quarantined, Says: fmt.Sprintf("%v", q.Err)}
		}
	}
	for key := range before {
		if s.notes[key] == nil {
			s.Tell(key.Tenant, key.Product, nil)
		}
	}
	for key, n := range s.notes {
		s.Tell(key.Tenant, key.Product, n)
	}
}

// missing tells people which sources are missing, but for those that a command
// has no use for.
func missing(w io.Writer, all []report.Source, useless ...string) {
	for _, s := range all {
		if s.Missing != "" && !slices.Contains(useless, s.Name) {
			fmt.Fprintf(w, "sluice: %s: %s\n", s.Name, s.Missing)
		}
	}
}

var errNobody = errors.New("it is in no source that was asked")

// nobody is the error for a tenant of whom nothing is known.
func (s *scene) nobody(id ident.Tenant) error {
	return fault.Hintf("check --env and the id: sluice authz list", "tenant %q of environment %q: %w", id, s.world.Site.Name, errNobody)
}
