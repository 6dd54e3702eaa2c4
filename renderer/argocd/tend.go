package argocd

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"k8s.io/apimachinery/pkg/api/validation/path"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/gatorcloud/sluice/renderer/argocd/unblock"
	"github.com/gatorcloud/sluice/renderer/model/fault"
)

var _ unblock.Tender = (*Client)(nil)

const (
	// infoAttempt is the entry of an operation that counts how often it was started again.
	infoAttempt = "gatorcloud.io/attempt"
	// closer bounds how many Applications one look reads in full; others have
	// their turn in the next.
	closer = 200
	// asTable asks for the columns that kubectl shows, a hundredth of the objects.
	asTable = "application/json;as=Table;v=v1;g=meta.k8s.io"
)

// info is an entry of an operation that Argo CD keeps and does not read.
type info struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Unsettled returns the Applications of an environment that differ from Git or
// are not Healthy, beginning after a name, as many as one look reads, and as
// many of those that only their parents call Degraded: an operation that failed
// may have left nothing to apply and everything Healthy.
func (c *Client) Unsettled(ctx context.Context, environment, after string) (apps []unblock.Application, next string, err error) {
	all, err := c.unsettled(ctx, environment)
	if err != nil {
		return nil, "", err
	}
	names, next := turn(all, after)
	apps, children, err := c.closely(ctx, names)
	if err != nil {
		return nil, "", err
	}
	known := map[string]bool{}
	for _, name := range all {
		known[name] = true
	}
	children, _ = turn(slices.DeleteFunc(children, func(name string) bool { return known[name] }), after)
	calm, _, err := c.closely(ctx, children)
	return append(apps, calm...), next, err
}

// closely reads Applications in full, but for those that are gone, and names
// the children that they call Degraded.
func (c *Client) closely(ctx context.Context, names []string) (apps []unblock.Application, degraded []string, err error) {
	for _, name := range names {
		var i item
		err := c.get(ctx, name, &i)
		if errors.Is(err, errGone) {
			continue
		}
		if err != nil {
			return nil, nil, err
		}
		apps = append(apps, i.application())
		for _, r := range i.Status.Resources {
			child := r.Group == group.Group && r.Kind == "Application" && r.Namespace == c.namespace && len(path.IsValidPathSegmentName(r.Name)) == 0
			if child && r.Name != "" && r.Health.Status == "Degraded" {
				degraded = append(degraded, r.Name)
			}
		}
	}
	return apps, degraded, nil
}

// turn chooses whose turn it is of many names: as many as one look reads, from
// the one after a name on and around. It returns after which the next begin.
func turn(names []string, after string) (chosen []string, next string) {
	if len(names) <= closer {
		return names, ""
	}
	slices.Sort(names)
	from, found := slices.BinarySearch(names, after)
	if found {
		from++
	}
	chosen = slices.Concat(names[from:], names[:from])[:closer]
	return chosen, chosen[closer-1]
}

// unsettled returns the names of the Applications that differ from Git or are
// not Healthy.
func (c *Client) unsettled(ctx context.Context, environment string) ([]string, error) {
	var names []string
	for next := ""; ; {
		t, err := c.table(ctx, environment, next)
		if err == nil {
			var found []string
			found, err = outOfOrder(t)
			names = append(names, found...)
		}
		if err != nil {
			return nil, fmt.Errorf("listing Applications: %w", err)
		}
		if next = t.Continue; next == "" {
			return names, nil
		}
	}
}

// table reads one page of the columns of Applications.
func (c *Client) table(ctx context.Context, environment, next string) (metav1.Table, error) {
	ctx, cancel := context.WithTimeout(ctx, c.patience)
	defer cancel()
	request := c.tables.Get().Namespace(c.namespace).Resource(resource).SetHeader("Accept", asTable).
		Param("labelSelector", selector(environment)).Param("limit", strconv.Itoa(page)).Param("includeObject", string(metav1.IncludeNone))
	if next != "" {
		request.Param("continue", next)
	}
	var t metav1.Table
	result := request.Do(ctx)
	err := explain(result.Error())
	if err == nil {
		data, _ := result.Raw() // its error is the result's
		err = json.Unmarshal(data, &t)
	}
	return t, err
}

// outOfOrder returns the names of the rows that are not Synced or not Healthy.
// An operation that waits is of one of them.
func outOfOrder(t metav1.Table) ([]string, error) {
	column := func(name string) int {
		return slices.IndexFunc(t.ColumnDefinitions, func(c metav1.TableColumnDefinition) bool { return c.Name == name })
	}
	name, sync, health := column("Name"), column("Sync Status"), column("Health Status")
	if len(t.Rows) > 0 && min(name, sync, health) < 0 {
		return nil, fault.Hintf("use the CustomResourceDefinitions that come with Argo CD", "the columns Name, Sync Status and Health Status are missing")
	}
	var names []string
	for _, r := range t.Rows {
		if len(r.Cells) <= max(name, sync, health) {
			continue
		}
		if text, ok := r.Cells[name].(string); ok && (r.Cells[sync] != "Synced" || r.Cells[health] != "Healthy") {
			names = append(names, text)
		}
	}
	return names, nil
}

// Start starts the automated operation of an Application once more.
func (c *Client) Start(ctx context.Context, a unblock.Application, attempt int) error {
	sync := map[string]any{"revision": a.Revision, "prune": a.Prune}
	if len(a.Options) > 0 {
		sync["syncOptions"] = a.Options
	}
	body, err := json.Marshal(map[string]any{
		"metadata": map[string]any{"resourceVersion": a.Version},
		"operation": map[string]any{
			"initiatedBy": map[string]any{"username": "sluice", "automated": true},
			"info":        []info{{Name: infoAttempt, Value: strconv.Itoa(attempt)}},
			"sync":        sync,
		},
	})
	if err != nil {
		return err
	}
	err = c.patch(ctx, a.Name, body, metav1.PatchOptions{})
	if errors.Is(err, errGone) {
		return fmt.Errorf("%w: %w", unblock.ErrChanged, err)
	}
	return err
}
