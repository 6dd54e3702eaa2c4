package base

import (
	"maps"
	"strconv"
	"strings"

	"github.com/gatorcloud/sluice/catalog"
	"github.com/gatorcloud/sluice/renderer/model/manifest"
	"github.com/gatorcloud/sluice/renderer/model/policy"
)

// mark is what the objects of one component carry.
type mark struct {
	version   *catalog.Version
	component string
	bucket    int
	data      catalog.DataPolicy
}

// Options that let a claim outlive its Application and its version: it is
// neither deleted nor pruned, and left over it makes nothing out of sync.
const (
	keepOptions    = "Delete=false,Prune=false"
	keepComparison = "IgnoreExtraneous"
	compareOptions = policy.CompareOptions
)

// apply labels and annotates o.
func (m mark) apply(o object) {
	labels := ensure(o.fields, "metadata", "labels")
	maps.Copy(labels, m.lasting())
	labels[manifest.LabelVersion] = m.version.Version
	annotations := ensure(o.fields, "metadata", "annotations")
	annotations[manifest.AnnotationWave] = strconv.Itoa(m.bucket)
	if t := o.podTemplate(); t != nil {
		maps.Copy(ensure(t, "metadata", "labels"), m.lasting())
	}
	if o.is("batch", "CronJob") {
		maps.Copy(ensure(o.fields, "spec", "jobTemplate", "metadata", "labels"), m.lasting())
	}
	switch {
	case o.is("", "PersistentVolumeClaim") && m.data == catalog.DataKeep:
		addOption(annotations, manifest.AnnotationSyncOptions, keepOptions)
		addOption(annotations, compareOptions, keepComparison)
	case o.is("apps", "StatefulSet") && hasClaims(o) && m.data == catalog.DataDelete:
		ensure(o.fields, "spec", "persistentVolumeClaimRetentionPolicy")["whenDeleted"] = "Delete"
	}
}

// lasting are the labels that stay the same from version to version.
func (m mark) lasting() map[string]any {
	labels := map[string]any{manifest.LabelComponent: m.component}
	if !m.version.Ref.Shared {
		labels[manifest.LabelProduct] = m.version.Name
	}
	return labels
}

// addOption appends to an annotation that holds a comma-separated list.
func addOption(annotations map[string]any, key, option string) {
	if have, _ := annotations[key].(string); have != "" {
		option = strings.TrimSuffix(have, ",") + "," + option
	}
	annotations[key] = option
}

// hasClaims reports whether a StatefulSet makes claims of its own.
func hasClaims(o object) bool {
	templates, _ := at(o.fields, "spec")["volumeClaimTemplates"].([]any)
	return len(templates) > 0
}
