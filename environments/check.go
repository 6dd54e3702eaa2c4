package environments

import (
	"maps"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/gatorcloud/sluice/renderer/model/authz"
	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/model/quantity"
)

var (
	prefix   = regexp.MustCompile(`^[a-z][a-z0-9-]{0,15}-$`)
	branch   = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._/-]{0,99}$`)
	etcdPath = regexp.MustCompile(`^(/[A-Za-z0-9._-]{1,64}){1,8}$`)
	keyID    = regexp.MustCompile(`^[0-9A-F]{16}$`)
	quotaKey = regexp.MustCompile(`^[a-z][A-Za-z0-9./-]{0,62}$`)
)

const day = 24 * time.Hour

// fill sets the defaults that the types document.
func (s *Site) fill() {
	set(&s.TargetRevision, "main")
	set(&s.NamespacePrefix, "tenant-")
	set(&s.ArgoCD.Namespace, "argocd")
	set(&s.ArgoCD.Project, s.Name.String())
	set(&s.ArgoCD.Plugin, "sluice")
	set(&s.Etcd.Prefix, "/tenant/info")
	set(&s.Defaults.Storage, "10Gi")
	set(&s.Defaults.StorageClass, "standard")
	set(&s.Defaults.Replicas, 1)
	set(&s.MaxRemovalsPercent, 5)
	set(&s.TimeZone, "UTC")
	set(&s.Fleet.Batch, 100)
	life := authz.DefaultLife()
	point(&s.Life.SuspendDays, int(life.SuspendFor/day))
	point(&s.Life.GraceDays, int(life.GraceFor/day))
	point(&s.Life.ReleaseHours, 24)
	point(&s.Fleet.KeepVersions, 1)
}

func set[T comparable](p *T, value T) {
	var zero T
	if *p == zero {
		*p = value
	}
}

func point(p **int, value int) {
	if *p == nil {
		*p = &value
	}
}

func (e *Environment) check(c checker, name ident.Environment) {
	c.header(e.APIVersion, e.Kind, "Environment")
	if e.Name != name {
		c.addf("name", "the name is that of the folder", "name %q is not %q", e.Name, name)
	}
	c.match("popCode", e.PopCode, ident.IsDNSLabel, "use a DNS label")
	c.match("popId", e.PopID, ident.IsDNSLabel, "quote it: popId: \"21\"")
	c.match("domain", e.Domain, ident.IsHostName, "use a DNS name such as sha1.example.com")
	c.match("namespacePrefix", e.NamespacePrefix, prefix.MatchString, "use lower-case letters and end in '-'")
	c.match("targetRevision", e.TargetRevision, branch.MatchString, "use a branch name")
	c.match("etcd.prefix", e.Etcd.Prefix, etcdPath.MatchString, "use a path such as /tenant/info")
	c.match("argocd.namespace", e.ArgoCD.Namespace, ident.IsDNSLabel, "use a DNS label")
	c.match("argocd.project", e.ArgoCD.Project, ident.IsDNSLabel, "use a DNS label")
	c.match("argocd.plugin", e.ArgoCD.Plugin, ident.IsDNSLabel, "use a DNS label")
	for _, id := range e.ArgoCD.SignatureKeys {
		c.match("argocd.signatureKeys", id, keyID.MatchString, "use the 16 digits that gpg --list-keys --keyid-format long shows of the key that signs")
	}
	_, err := quantity.Storage(e.Defaults.Storage)
	c.add("defaults.storage", err)
	c.match("defaults.storageClass", e.Defaults.StorageClass, ident.IsDNSName, "use a StorageClass name")
	c.within("defaults.replicas", e.Defaults.Replicas, 1, 1000)
	c.within("maxRemovalsPercent", e.MaxRemovalsPercent, 1, 100)
	c.within("life.suspendDays", *e.Life.SuspendDays, 0, 3650)
	c.within("life.graceDays", *e.Life.GraceDays, 0, 3650)
	c.within("life.releaseHours", *e.Life.ReleaseHours, 0, 24*365)
	for _, k := range slices.Sorted(maps.Keys(e.Quota)) {
		c.match("quota key", k, quotaKey.MatchString, "use a ResourceQuota resource name")
		_, err := quantity.Bound(e.Quota[k])
		c.add("quota "+k, err)
	}
	if _, err := e.Zone(); err != nil {
		c.addf("timeZone", "use an IANA name such as Europe/Berlin", "%w", err)
	}
	for _, h := range e.Egress {
		e.checkHole(c, h)
	}
	e.checkPlaces(c)
	e.checkPrefix(c)
}

func (e *Environment) checkHole(c checker, h Hole) {
	p, err := netip.ParsePrefix(h.CIDR)
	if err != nil || p.Masked() != p {
		c.addf("egress", "use an address and its length, such as 10.0.0.1/32", "egress cidr %+q is no network", h.CIDR)
	} else if p.Bits() < 8 {
		c.addf("egress", "name the network; what the internet is needed for the product opens for its own pods", "egress cidr %q opens everything for all tenants", h.CIDR)
	}
	if len(h.Ports) == 0 || strings.TrimSpace(h.Reason) == "" {
		c.addf("egress", "write {cidr, ports, reason}", "egress to %q has %d ports and reason %q", h.CIDR, len(h.Ports), h.Reason)
	}
	for _, port := range h.Ports {
		c.within("egress port", port, 1, 65535)
	}
}

func (e *Environment) checkPlaces(c checker) {
	const hint = "give exactly one of destination.name and destination.server"
	if (e.Destination.Name == "") == (e.Destination.Server == "") {
		c.addf("destination", hint, "destination has name %q and server %q", e.Destination.Name, e.Destination.Server)
	}
	if e.Destination.Server != "" {
		c.server("destination.server", e.Destination.Server, "keep credentials in Argo CD's cluster secret", "https")
	} else if e.Destination.Name != "" {
		c.match("destination.name", e.Destination.Name, ident.IsDNSName, "use the cluster's name in Argo CD")
	}
	if e.Prometheus != "" {
		c.server("prometheus", e.Prometheus, "give sluice run its credentials, not Git", "https", "http")
	}
	if strings.ContainsFunc(e.RepoURL, func(r rune) bool { return r <= ' ' || r > '~' || r == '"' }) || e.RepoURL == "" {
		c.addf("repoURL", "use an https, ssh, http or file URL", "repoURL %+q is no repository URL", e.RepoURL)
	} else if u, err := url.Parse(e.RepoURL); err == nil && u.User != nil {
		if _, secret := u.User.Password(); secret {
			c.addf("repoURL", "keep credentials in Argo CD's repository secret", "repoURL %q contains a password", u.Redacted())
		}
	}
}
