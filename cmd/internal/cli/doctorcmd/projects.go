package doctorcmd

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"time"

	"github.com/gatorcloud/sluice/environments"
	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/strict"
	"github.com/gatorcloud/sluice/renderer/render"
)

// projects compares an environment's AppProjects with what an administrator would
// apply now: a kind that the catalog got since is one that Argo CD refuses.
func (d *doctor) projects(ctx context.Context, apps Applications, site *environments.Site) {
	if d.sold == nil {
		return // which was told
	}
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	printed, err := render.Projects(ctx, site, d.sold)
	if err != nil {
		d.note(checkOfProjects(site), "", err)
		return
	}
	d.compare(ctx, apps, site, printed)
}

func checkOfProjects(site *environments.Site) string {
	return "argocd " + site.Name.String() + " projects"
}

// compare compares them with those that were printed.
func (d *doctor) compare(ctx context.Context, apps Applications, site *environments.Site, printed []byte) {
	check := checkOfProjects(site)
	for doc := range bytes.SplitSeq(printed, []byte("---\n")) {
		var project struct {
			APIVersion string         `json:"apiVersion"`
			Kind       string         `json:"kind"`
			Metadata   map[string]any `json:"metadata"`
			Spec       map[string]any `json:"spec"`
		}
		if err := strict.YAML(doc, len(doc), &project); err != nil {
			d.note(check, "", err)
			return
		}
		name := fmt.Sprint(project.Metadata["name"])
		there, may, err := apps.Project(ctx, name)
		switch {
		case err == nil && !may:
			d.rows = append(d.rows, row{Check: check, Result: skipped, Detail: "may not read AppProject " + name, Hint: "run doctor as an administrator of Argo CD"})
			return
		case err == nil:
			err = checkProject(site, name, there, project.Spec)
		}
		if err != nil {
			d.note(check, "", err)
			return
		}
	}
	d.note(check, "as sluice environment project prints them", nil)
}

// checkProject refuses an AppProject that permits something else than is printed;
// fields that sluice does not write are other people's.
func checkProject(site *environments.Site, name string, there, want map[string]any) error {
	hint := "apply them as an administrator: sluice environment project " + site.Name.String() + " | kubectl apply --server-side -f -"
	if there == nil {
		return fault.Hintf(hint, "AppProject %q is not there: its Applications can write nothing", name)
	}
	for _, field := range slices.Sorted(maps.Keys(want)) {
		lacks, more := missing(list(want[field]), list(there[field])), missing(list(there[field]), list(want[field]))
		switch {
		case len(lacks) > 0:
			return fault.Hintf(hint, "AppProject %q lacks %s in %s", name, fault.List(lacks), field)
		case len(more) > 0:
			return fault.Hintf(hint, "AppProject %q has %s in %s, which it should not", name, fault.List(more), field)
		}
	}
	return nil
}

// list returns a field as a list: one that is none is its only entry.
func list(v any) []any {
	switch x := v.(type) {
	case nil:
		return nil
	case []any:
		return x
	}
	return []any{v}
}

// missing returns the entries of a that b does not have, as people read them.
func missing(a, b []any) []string {
	var all []string
	for _, x := range a {
		if slices.ContainsFunc(b, func(y any) bool { return reflect.DeepEqual(x, y) }) {
			continue
		}
		if m, ok := x.(map[string]any); ok && m["kind"] != nil {
			all = append(all, fmt.Sprintf("%v/%v", m["group"], m["kind"]))
		} else {
			all = append(all, fmt.Sprint(x))
		}
	}
	return all
}
