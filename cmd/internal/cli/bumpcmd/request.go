package bumpcmd

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/gatorcloud/sluice/cmd/internal/cli/wanted"
	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/model/manifest"
	"github.com/gatorcloud/sluice/renderer/run/publish"
)

// request is a bump as it was asked for.
type request struct {
	wanted          []wanted.Version
	env             ident.Environment // zero: the only one
	ring, through   ident.Ring
	tenant          ident.Tenant
	reason, message string
	branch          string
}

func parse(o *options, args []string) (request, error) {
	r := request{reason: o.reason, message: o.message, branch: o.request.Branch}
	for _, arg := range args {
		w, err := wanted.Parse(arg)
		if err != nil {
			return r, err
		}
		if slices.ContainsFunc(r.wanted, func(x wanted.Version) bool { return x.Product == w.Product }) {
			return r, fault.Hintf("name each product once", "reading %s: product %q is there twice", fault.Clip(arg), w.Product)
		}
		r.wanted = append(r.wanted, w)
	}
	err := errors.Join(flag("env", o.env, &r.env), flag("ring", o.ring, &r.ring), flag("through", o.through, &r.through), flag("tenant", o.tenant, &r.tenant))
	if err != nil {
		return r, err
	}
	if r.tenant.IsZero() != (r.reason == "") {
		return r, fault.Hintf("a pin needs both --tenant and --reason; for the commit give --message", "reading --reason: it is a pin's, and a pin has one")
	}
	return r, nil
}

// flag reads an identifier that may be left out.
func flag[K ident.Kind](name, value string, into *ident.Name[K]) (err error) {
	if value == "" {
		return nil
	}
	if *into, err = ident.Parse[K](value); err != nil {
		return fmt.Errorf("reading --%s: %w", name, err)
	}
	return nil
}

// edit is the edit of people's files on top of a commit.
func (r request) edit(files fs.FS) (publish.Edit, error) {
	b, err := r.on(files)
	if err != nil {
		return publish.Edit{}, err
	}
	return publish.Edit{Branch: r.branchOf(b.env), Subject: r.title(b.env), Body: r.message, Bump: r.subject(", "),
		Files: map[string][]byte{fleetPath(b.env): b.fleet}}, nil
}

// subject joins what is wanted, as swg=203.
func (r request) subject(separator string) string {
	all := make([]string, 0, len(r.wanted))
	for _, w := range r.wanted {
		all = append(all, w.String())
	}
	return strings.Join(all, separator)
}

// title is the subject of the commit.
func (r request) title(env ident.Environment) string {
	all := make([]string, 0, len(r.wanted))
	for _, w := range r.wanted {
		all = append(all, w.Product.String()+" to "+w.Version.String())
	}
	title := "Bump " + strings.Join(all, ", ")
	switch {
	case !r.tenant.IsZero():
		return title + " for tenant " + r.tenant.String() + " of " + env.String()
	case !r.ring.IsZero():
		return title + " in ring " + r.ring.String() + " of " + env.String()
	case !r.through.IsZero():
		return title + " through ring " + r.through.String() + " of " + env.String()
	}
	return title + " in " + env.String()
}

// branchOf is the branch that the commit is on.
func (r request) branchOf(env ident.Environment) string {
	if r.branch != "" {
		return r.branch
	}
	name := "sluice/bump/" + env.String() + "/" + strings.ReplaceAll(r.subject("_"), "=", "-")
	if !r.tenant.IsZero() {
		name += "-tenant-" + r.tenant.String()
	}
	return name
}

func fleetPath(env ident.Environment) string {
	return manifest.EnvironmentPath(env) + "/" + manifest.FleetFile
}
