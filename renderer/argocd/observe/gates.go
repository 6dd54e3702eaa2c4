package observe

import (
	"slices"
	"strings"
	"time"

	"github.com/gatorcloud/sluice/renderer/model/manifest"
	"github.com/gatorcloud/sluice/renderer/rollout"
)

// What the actions approve, pause and resume write on a ring's Application.
const (
	annotationApproved = "gatorcloud.io/approved"
	annotationPaused   = "gatorcloud.io/paused"
)

// gates judges what is asked of rings. A product carries none of it, unless
// somebody put it there.
func (a *application) gates(at time.Time) rollout.Verdict {
	notes := a.Metadata.Annotations
	if text, ok := notes[manifest.AnnotationSoak]; ok {
		since := a.Status.OperationState.FinishedAt.Time
		if changed := a.Status.Health.Since.Time; changed.After(since) {
			since = changed
		}
		seconds, ok := number(text)
		if !ok {
			return rollout.Unknown
		}
		if seconds > 0 && at.Sub(since).Seconds() < seconds {
			return rollout.Pending
		}
	}
	if text, ok := notes[manifest.AnnotationApproval]; ok {
		if versions := a.versions(); text != "required" || versions == "" || notes[annotationApproved] != versions {
			return rollout.Pending
		}
	}
	if a.paused() {
		return rollout.Pending
	}
	return rollout.Proven
}

// versions returns what the Application hands to its plugin, as an approval has it.
func (a *application) versions() string { return versionsIn(a.Spec.Source) }

// versionsIn returns the plugin's versions in a source; empty when one is none.
func versionsIn(of any) string {
	source, _ := fields(of)
	plugin, _ := fields(source["plugin"])
	list, _ := plugin["parameters"].([]any)
	var all []string
	for _, p := range list {
		parameter, _ := fields(p)
		if parameter["name"] != manifest.ParameterVersions {
			continue
		}
		granted, _ := fields(parameter["map"])
		for product, version := range granted {
			text, _ := version.(string)
			if text == "" {
				return ""
			}
			all = append(all, product+"="+text)
		}
	}
	slices.Sort(all)
	return strings.Join(all, ",")
}

func (a *application) paused() bool {
	text, ok := a.Metadata.Annotations[annotationPaused]
	return ok && text != "false"
}
