package policy

import (
	"bytes"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/gatorcloud/sluice/renderer/model/manifest"
)

// CompareOptions is an annotation of Argo CD that a version may carry, beside
// manifest.AnnotationSyncOptions.
const CompareOptions = "argocd.argoproj.io/compare-options"

const (
	provides         = "gatorcloud.io/provides"          // of package shape
	progressDeadline = "gatorcloud.io/progress-deadline" // of plugin/health
)

// Deadline reports whether a text is a number of seconds, up to a day, that an
// object may ask to be waited for.
func Deadline(value string) bool {
	n, err := strconv.Atoi(value)
	return err == nil && n > 0 && n <= 86400
}

// domains are the beginnings of keys by which Argo CD, Helm and sluice are driven.
func domains() []string { return []string{"gatorcloud.io/", "argocd.argoproj.io/", "helm.sh/"} }

// rendererMarks are the keys that the renderer writes.
func rendererMarks() []string {
	return []string{manifest.LabelComponent, manifest.LabelEnvironment, manifest.LabelProduct, manifest.LabelTenant, manifest.LabelVersion,
		manifest.AnnotationAutoscaler, manifest.AnnotationCode, manifest.AnnotationDomain, manifest.AnnotationWave, provides}
}

// marks refuses keys and options by which an object would drive Argo CD: hooks,
// a tracking id, a health that nobody looks at, options that replace what is
// there or keep what should go.
func (o *object) marks() {
	metadata := at(o.fields, "metadata")
	for _, field := range []string{"labels", "annotations"} {
		values := at(metadata, field)
		for _, key := range slices.Sorted(maps.Keys(values)) {
			value, _ := values[key].(string)
			switch {
			case field == "annotations" && (key == manifest.AnnotationSyncOptions || key == CompareOptions):
				kept := o.is("", "PersistentVolumeClaim", "Namespace")
				if option, hint := Option(key, value, kept); option != "" {
					o.refuse(hint, "annotation %q: option %q is not a version's to set", key, option)
				}
			case key == progressDeadline && field == "annotations" && Deadline(value):
			case Drives(key) && !slices.Contains(rendererMarks(), key):
				o.refuse("remove it", "%s %q is not a version's to set", strings.TrimSuffix(field, "s"), key)
			}
		}
	}
}

// Drives reports whether Argo CD, Helm or sluice act on a label or annotation.
func Drives(key string) bool {
	return slices.ContainsFunc(domains(), func(d string) bool { return strings.HasPrefix(key, d) || strings.Contains(key, "."+d) })
}

// Option returns the first option of an annotation's list that changes what is
// kept, replaced or waited for, and what may be there instead; it is empty when
// there is none. What holds data that is kept has options by which it stays:
// sluice writes them.
func Option(key, value string, kept bool) (refused, hint string) {
	allowed := []string{"ServerSideApply=true", "SkipDryRunOnMissingResource=true", "PruneLast=true"}
	if key == CompareOptions {
		allowed = []string{"ServerSideDiff=true"}
	}
	hint = "use " + strings.Join(allowed, ", ") + "; what outlives a tenant is said by data: in the component"
	if kept {
		allowed = append(allowed, "Delete=false", "Prune=false", "IgnoreExtraneous")
	}
	for option := range strings.SplitSeq(value, ",") {
		if option = strings.TrimSpace(option); option != "" && !slices.Contains(allowed, option) {
			return option, hint
		}
	}
	return "", hint
}

// Concerns reports whether Check could find anything in a rendered object, by
// its kind and the bytes that kustomize printed: nearly all objects need no
// second look.
func Concerns(group, kind string, doc []byte) bool {
	o := object{group: group, kind: kind}
	if o.is(rbac, "Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding") || o.is("apiextensions.k8s.io", "CustomResourceDefinition") ||
		o.is("networking.k8s.io", "NetworkPolicy") || o.is("", "Namespace") || o.routed() {
		return true
	}
	for _, word := range [...]string{"\n  ownerReferences:", "\n  finalizers:", "\n  externalIPs:", "\n  type: ExternalName", externalDNS, "priorityClassName: system-"} {
		if bytes.Contains(doc, []byte(word)) {
			return true
		}
	}
	for _, domain := range domains() {
		for rest := doc; ; {
			i := bytes.Index(rest, []byte(domain))
			if i < 0 {
				break
			}
			rest = rest[i+len(domain):]
			end := bytes.IndexFunc(rest, func(r rune) bool { return r != '-' && (r < 'a' || r > 'z') })
			if end < 0 || !slices.Contains(rendererMarks(), domain+string(rest[:end])) {
				return true
			}
		}
	}
	return false
}
