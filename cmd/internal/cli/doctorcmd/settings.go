package doctorcmd

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/gatorcloud/sluice/cmd/internal/cli/argoflags"
	"github.com/gatorcloud/sluice/cmd/internal/cli/environmentcmd"
	"github.com/gatorcloud/sluice/plugin/health"
	"github.com/gatorcloud/sluice/renderer/argocd"
	"github.com/gatorcloud/sluice/renderer/model/fault"
)

// Argo CD's ConfigMaps, and what sluice looks at in argocd-cm besides its own
// entries.
const (
	settingsName   = "argocd-cm"
	parametersName = "argocd-cmd-params-cm"

	trackingMethod = "application.resourceTrackingMethod"
	trackingLabel  = "application.instanceLabelKey"
	inCluster      = "cluster.inClusterEnabled"
	impersonation  = "application.sync.impersonation.enabled"
	reconciliation = "timeout.reconciliation"
)

// parameters are what plugin/install/settings writes into argocd-cmd-params-cm.
func parameters() map[string]string {
	return map[string]string{
		"reposerver.plugin.use.manifest.generate.paths": "true",
		"reposerver.plugin.tar.exclusions":              ".git/*",
		"controller.sync.timeout.seconds":               "0",
		"controller.resource.health.persist":            "true",
	}
}

// settings checks what people may have set in an Argo CD, as far as they may
// read it, and returns the entries of argocd-cm.
func (d *doctor) settings(ctx context.Context, apps Applications, place argoflags.Cluster) map[string]string {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	entries, may, err := apps.Settings(ctx, settingsName)
	if err != nil || !may {
		d.unread("argocd settings", settingsName, place, err)
	} else {
		d.all("argocd settings", "health checks, tracking and reconciliation", checkSettings(entries))
		d.declared(entries)
	}
	given, may, err := apps.Settings(ctx, parametersName)
	if err != nil || !may {
		d.unread("argocd parameters", parametersName, place, err)
	} else {
		d.all("argocd parameters", fmt.Sprintf("%d as installed", len(parameters())), checkParameters(given))
	}
	return entries
}

// unread adds a ConfigMap that was not read: a failure, or no right to read it,
// which sluice does without.
func (d *doctor) unread(check, name string, place argoflags.Cluster, err error) {
	if err != nil {
		d.note(check, "", err)
		return
	}
	d.rows = append(d.rows, row{Check: check, Result: skipped, Detail: "may not read ConfigMap " + place.Namespace + "/" + name,
		Hint: "run doctor as an administrator of Argo CD"})
}

// all adds a check with all of its faults, a row for each.
func (d *doctor) all(check, detail string, faults []error) {
	if len(faults) == 0 {
		d.note(check, detail, nil)
	}
	for _, err := range faults {
		d.note(check, "", err)
	}
}

// checkSettings returns what is wrong in argocd-cm, on either line of Argo CD.
func checkSettings(entries map[string]string) []error {
	var faults []error
	if err := checkHealth(entries); err != nil {
		faults = append(faults, err)
	}
	switch method, key := entries[trackingMethod], entries[trackingLabel]; {
	case !slices.Contains([]string{"", "label", "annotation", "annotation+label"}, method):
		faults = append(faults, fault.Hintf("set it to annotation", "%s is %q, which Argo CD does not know", trackingMethod, method))
	case key != "" && key != argocd.TrackingLabel && (method == "" || method == "label"):
		faults = append(faults, fault.Hintf("remove it, or set "+trackingMethod+" to annotation",
			"%s is %q: the admission policies read %s, and take what this Argo CD writes for nobody's", trackingLabel, key, argocd.TrackingLabel))
	}
	if entries[inCluster] == "false" {
		faults = append(faults, fault.Hintf("remove it: slices and tenants are Applications, which Argo CD writes into its own cluster",
			`%s is "false": since Argo CD 3 every fleet, slice and tenant is Unknown`, inCluster))
	}
	if entries[impersonation] == "true" {
		faults = append(faults, fault.Hintf("remove it: what an environment may write is bounded by its AppProjects",
			`%s is "true", and the AppProjects of sluice name no accounts: nothing can be synced`, impersonation))
	}
	if every, err := time.ParseDuration(entries[reconciliation]); err == nil && every <= 0 {
		faults = append(faults, fault.Hintf("set it to 120s, or remove it",
			"%s is %q: nothing is compared by itself, and what hangs is not seen to", reconciliation, entries[reconciliation]))
	}
	return faults
}

// checkHealth refuses health checks and actions that are not those of this
// sluice: without them a gate opens on the health from before a change.
func checkHealth(entries map[string]string) error {
	ours, err := health.Customizations()
	if err != nil {
		return err
	}
	return checkScripts(entries, ours, "apply plugin/install of this version of sluice")
}

// declared checks the health checks of the kinds that the catalog declares.
func (d *doctor) declared(entries map[string]string) {
	if d.sold == nil || len(d.sold.Checked()) == 0 {
		return
	}
	want, err := environmentcmd.Checks(d.sold)
	if err == nil {
		err = checkScripts(entries, want, hintChecks)
	}
	d.note("argocd declared kinds", fmt.Sprintf("%d with their checks", len(want)), err)
}

const hintChecks = "apply them as an administrator: sluice environment checks | kubectl apply --server-side --field-manager sluice-checks -n argocd -f -"

// checkScripts refuses entries that lack a script of want, or have another.
func checkScripts(entries, want map[string]string, hint string) error {
	var missing, differ []string
	for key, script := range want {
		switch there, ok := entries[key]; {
		case !ok:
			missing = append(missing, key)
		case there != script:
			differ = append(differ, key)
		}
	}
	switch {
	case len(missing) > 0:
		return fault.Hintf(hint, "%s lacks %s: waves begin before what they wait for", settingsName, fault.List(missing))
	case len(differ) > 0:
		return fault.Hintf(hint, "%s has %s of another version of sluice, or of other people", settingsName, fault.List(differ))
	}
	return nil
}

// checkParameters returns how argocd-cmd-params-cm differs from what is installed.
func checkParameters(given map[string]string) []error {
	var faults []error
	want := parameters()
	for _, key := range slices.Sorted(maps.Keys(want)) {
		if there, ok := given[key]; !ok || there != want[key] {
			faults = append(faults, fault.Hintf("apply plugin/install, then restart argocd-repo-server and argocd-application-controller",
				"%s is %q in %s, and not %q", key, there, parametersName, want[key]))
		}
	}
	return faults
}

// checkBlind refuses a fleet whose status says nothing of its slices' health.
func checkBlind(name string, blind bool) error {
	if !blind {
		return nil
	}
	return fault.Hintf(`set controller.resource.health.persist to "true" in `+parametersName+", and restart argocd-application-controller",
		"Application %q has no health of resources in its status, as is the default since Argo CD 3: what a ring tolerates can not be counted", name)
}

// checkTracking compares how Argo CD is to know its own with the marks that
// slices carry. What bears no mark of the method stays in the cluster when it
// leaves Git, and the fleet applies only what differs, so it gets none.
func checkTracking(method string, t argocd.Tracked) (string, error) {
	marked, by := t.ByAnnotation, "an annotation"
	switch {
	case t.Slices == 0:
		return "no slices yet", nil
	case method == "label" || method == "" && t.ByAnnotation == 0:
		marked, by = t.ByLabel, "a label"
	}
	if marked < t.Slices {
		return "", fault.Hintf("sync the fleet once without ApplyOutOfSyncOnly, as plugin/install has it under \"From Argo CD 2.14 to 3\"",
			"%d of %d slices lack %s of Argo CD's tracking: they stay when Git lets them go", t.Slices-marked, t.Slices, by)
	}
	detail := fmt.Sprintf("%d slices by %s", t.Slices, by)
	if method == "" && by == "a label" {
		detail += "; before an update to Argo CD 3 set " + trackingMethod + " to label"
	}
	return detail, nil
}
