package environmentcmd

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"strings"

	"github.com/spf13/cobra"

	"github.com/gatorcloud/sluice/cmd/internal/cli/wanted"
	"github.com/gatorcloud/sluice/environments"
	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/model/manifest"
)

// Options are what people say of a new environment.
type Options struct {
	popID, popCode          string
	repoURL, branch, domain string
	cluster, server         string
	storageClass, storage   string
	namespacePrefix, zone   string
	replicas                int
	rings, products         []string
}

// AddFlags adds the flags to a command.
func (o *Options) AddFlags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&o.repoURL, "repo-url", "", "URL of the repository that Argo CD reads (required)")
	f.StringVar(&o.branch, "target-revision", "main", "branch of it that Argo CD reads")
	f.StringVar(&o.domain, "domain", "", "DNS suffix of the environment's routes (required)")
	f.StringVar(&o.cluster, "destination-name", "", "cluster, by its name in Argo CD; in-cluster by default")
	f.StringVar(&o.server, "destination-server", "", "cluster, by the URL of its API server")
	f.StringVar(&o.popID, "pop-id", "0", "id of the POP")
	f.StringVar(&o.popCode, "pop-code", "", "code of the POP; the environment's name by default")
	f.StringVar(&o.storageClass, "storage-class", "standard", "StorageClass of claims; one that allows expansion")
	f.StringVar(&o.storage, "storage", "10Gi", "size of claims when nothing was bought")
	f.IntVar(&o.replicas, "replicas", 1, "replicas when nothing was bought")
	f.StringVar(&o.namespacePrefix, "namespace-prefix", "tenant-", "what tenants' namespaces begin with")
	f.StringVar(&o.zone, "time-zone", "UTC", "IANA zone of the fleet's opening hours")
	f.StringSliceVar(&o.rings, "ring", []string{"canary", "main"}, "rings, in the order in which versions move")
	f.StringSliceVar(&o.products, "product", nil, "what rings offer, as swg=202")
	for _, required := range []string{"repo-url", "domain"} {
		_ = cmd.MarkFlagRequired(required) // it is there
	}
	cmd.MarkFlagsMutuallyExclusive("destination-name", "destination-server")
}

// Rings returns the rings, in order.
func (o *Options) Rings() []string { return o.rings }

// Offer lets rings offer a product, as swg=202, unless others were named.
func (o *Options) Offer(product string) {
	if len(o.products) == 0 {
		o.products = []string{product}
	}
}

// Write makes the folder of an environment, with the files that people write,
// in a repository. It is checked as everybody reads it, beside the environments
// that are there; what is refused is taken away again.
func (o *Options) Write(root *os.Root, name ident.Environment) (err error) {
	doing := func(err error) error { return fmt.Errorf("making environment %q: %w", name, err) }
	fleet, err := o.fleet()
	if err != nil {
		return doing(err)
	}
	folder := manifest.EnvironmentPath(name)
	if _, err := root.Lstat(folder); err == nil {
		return doing(fault.Hintf("give another name, or edit its files", "folder %s is there already", folder))
	}
	if err := root.MkdirAll(folder, 0o755); err != nil {
		return doing(err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, root.RemoveAll(folder))
		}
	}()
	err = errors.Join(root.WriteFile(path.Join(folder, "environment.yaml"), o.environment(name), 0o644),
		root.WriteFile(path.Join(folder, manifest.FleetFile), fleet, 0o644))
	if err != nil {
		return doing(err)
	}
	all, err := fs.Sub(root.FS(), manifest.Root)
	if err != nil {
		return doing(err)
	}
	_, err1 := environments.List(all) // names that could be taken for each other's
	_, err2 := environments.Load(all, name)
	return errors.Join(err1, err2)
}

func (o *Options) environment(name ident.Environment) []byte {
	var b strings.Builder
	field := func(key, value string) { fmt.Fprintf(&b, "%s: %s\n", key, manifest.Quote(value)) }
	fmt.Fprintf(&b, "apiVersion: %s\nkind: Environment\nname: %s\n", environments.APIVersion, name)
	field("popId", o.popID)
	field("popCode", cmp.Or(o.popCode, name.String()))
	if b.WriteString("destination:\n"); o.server != "" {
		field("  server", o.server)
	} else {
		field("  name", cmp.Or(o.cluster, "in-cluster"))
	}
	field("repoURL", o.repoURL)
	field("targetRevision", o.branch)
	field("domain", o.domain)
	field("namespacePrefix", o.namespacePrefix)
	field("timeZone", o.zone)
	fmt.Fprintf(&b, "defaults:\n  replicas: %d\n", o.replicas)
	field("  storage", o.storage)
	b.WriteString("  # Must allow expansion: tenants buy more storage later.\n")
	field("  storageClass", o.storageClass)
	b.WriteString("# Quota of a tenant's namespace and egress of all tenants stand here too.\n")
	return []byte(b.String())
}

// fleet writes each ring but the last with a share of the tenants.
func (o *Options) fleet() ([]byte, error) {
	var b strings.Builder
	fmt.Fprintf(&b, "apiVersion: %s\nkind: Fleet\nrings:\n", environments.APIVersion)
	for i, ring := range o.rings {
		if _, err := ident.Parse[ident.RingKind](ring); err != nil {
			return nil, fmt.Errorf("reading --ring: %w", err)
		}
		fmt.Fprintf(&b, "- name: %s\n", ring)
		if i < len(o.rings)-1 {
			b.WriteString("  sharePercent: 10\n  soakSeconds: 600\n")
		}
		if len(o.products) == 0 {
			b.WriteString("  versions: {}\n")
			continue
		}
		b.WriteString("  versions:\n")
		for _, p := range o.products {
			w, err := wanted.Parse(p)
			if err != nil {
				return nil, fmt.Errorf("reading --product: %w", err)
			}
			fmt.Fprintf(&b, "    %s: %s\n", w.Product, manifest.Quote(w.Version.String()))
		}
	}
	return []byte(b.String()), nil
}
