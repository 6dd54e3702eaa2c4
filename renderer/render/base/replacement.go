package base

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"sigs.k8s.io/yaml"

	"github.com/gatorcloud/sluice/catalog"
	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/manifest"
	"github.com/gatorcloud/sluice/renderer/model/strict"
)

// replacement is an entry of replacements.yaml: the part of kustomize's form
// that a version may use.
type replacement struct {
	Source  source   `json:"source"`
	Targets []target `json:"targets"`
}

type source struct {
	Kind      string   `json:"kind"`
	Name      string   `json:"name"`
	FieldPath string   `json:"fieldPath"`
	Options   *options `json:"options,omitempty"`
}

type target struct {
	Select     selector   `json:"select"`
	Reject     []selector `json:"reject,omitempty"`
	FieldPaths []string   `json:"fieldPaths"`
	Options    *options   `json:"options,omitempty"`
}

type selector struct {
	Group   string `json:"group,omitempty"`
	Version string `json:"version,omitempty"`
	Kind    string `json:"kind,omitempty"`
	Name    string `json:"name,omitempty"`
}

type options struct {
	Delimiter string `json:"delimiter,omitempty"`
	Index     int    `json:"index,omitempty"`
	Create    bool   `json:"create,omitempty"`
}

// replacements checks the version's replacements.yaml and returns it as the
// base has it: behind what charts need, so that it has the last word.
func (b *builder) replacements() []byte {
	var list []replacement
	if data, err := b.version.Files.Read(manifest.ReplacementsFile); err == nil {
		if err := strict.YAML(data, maxManifestBytes, &list); err != nil {
			b.add(manifest.ReplacementsFile, err)
			return nil
		}
	}
	for i, r := range list {
		for _, f := range b.checkReplacement(r) {
			b.add(fmt.Sprintf("%s: entry %d", manifest.ReplacementsFile, i+1), f)
		}
	}
	b.autoscaler()
	if list = append(b.places, list...); len(list) == 0 {
		return []byte("[]\n")
	}
	data, err := yaml.Marshal(list)
	if err != nil {
		b.add(manifest.ReplacementsFile, err)
	}
	return data
}

// plainSelector is a selector without a pattern: kustomize takes kinds and
// names as regular expressions.
var plainSelector = regexp.MustCompile(`^[A-Za-z0-9.-]*$`)

func (b *builder) checkReplacement(r replacement) []error {
	var faults []error
	refuse := func(hint, format string, args ...any) { faults = append(faults, fault.Hintf(hint, format, args...)) }
	parameter, ok := strings.CutPrefix(r.Source.FieldPath, "data.")
	if !ok || r.Source.Kind != "ConfigMap" || r.Source.Name != "parameters" {
		refuse("write source: {kind: ConfigMap, name: parameters, fieldPath: data.<parameter>}",
			"source %s %q, field %q is not a parameter", r.Source.Kind, r.Source.Name, r.Source.FieldPath)
		return faults
	}
	if known := parameters(b.version); !slices.Contains(known, parameter) {
		refuse("declare it under parameters, or use "+strings.Join(known, ", "), "there is no parameter %q", parameter)
	}
	if len(r.Targets) == 0 {
		refuse("add targets, or remove the entry", "parameter %q goes nowhere", parameter)
	}
	for _, t := range r.Targets {
		faults = append(faults, b.checkTarget(parameter, t)...)
	}
	return faults
}

// parameters returns the names of the parameters that v may use. No tenant has
// an environment-shared component.
func parameters(v *catalog.Version) []string {
	names := append(catalog.Builtins(), v.ParameterNames()...)
	if v.Sharing == catalog.SharingEnvironment {
		names = slices.DeleteFunc(names, func(n string) bool { return slices.Contains(tenantParameters(), n) })
	}
	return names
}

func tenantParameters() []string { return []string{"tenantCode", "tenantId", "tenantName"} }

// lasting are the parameters that never change while a version is deployed.
func lasting() []string {
	return []string{"environment", "namespace", "product", "tenantId", "version"}
}

func (b *builder) checkTarget(parameter string, t target) []error {
	var faults []error
	refuse := func(hint, format string, args ...any) { faults = append(faults, fault.Hintf(hint, format, args...)) }
	for _, s := range append([]selector{t.Select}, t.Reject...) {
		for _, word := range []string{s.Group, s.Version, s.Kind, s.Name} {
			if !plainSelector.MatchString(word) {
				refuse("name each object", "selector %q is a pattern", word)
			}
		}
	}
	if t.Select.Kind == "" {
		refuse("write select: {kind: ..., name: ...}", "a target selects no kind")
		return faults
	}
	if len(t.FieldPaths) == 0 {
		refuse("write fieldPaths", "target %s %q has no fieldPaths", t.Select.Kind, t.Select.Name)
	}
	found := false
	for _, p := range b.parts {
		for _, o := range p.objects {
			if !t.Select.selects(o) || slices.ContainsFunc(t.Reject, func(s selector) bool { return s.selects(o) }) {
				continue
			}
			found = true
			if b.written[o.identity()] == nil {
				b.written[o.identity()] = map[string]bool{}
			}
			b.written[o.identity()][parameter] = true
			for _, path := range t.FieldPaths {
				if hint, why := forbidden(parameter, slices.Contains(b.version.Secrets(), parameter), o, path); why != "" {
					refuse(hint, "%s: field %q: %s", o, path, why)
				}
				b.scaled[o.identity()] = b.scaled[o.identity()] || scales(parameter, path, o)
				if o.is("", "PersistentVolumeClaim") {
					b.given[claimField{o.name, path}] = parameter
					b.sizes[parameter] = b.sizes[parameter] || path == claimSize
				}
			}
		}
	}
	if !found && len(b.faults) == 0 { // a component that could not be rendered may have it
		refuse("mend kind and name", "target %s %q is no object of the version", t.Select.Kind, t.Select.Name)
	}
	return faults
}

func (s selector) selects(o object) bool {
	match := func(want, have string) bool { return want == "" || want == have }
	return match(s.Group, o.group) && match(s.Version, o.version) && match(s.Kind, o.kind) && match(s.Name, o.name)
}

// forbidden says why a parameter may not be written to a field, and what to do
// instead; why is empty when it may.
func forbidden(parameter string, secret bool, o object, path string) (hint, why string) {
	seg := splitPath(path)
	first := seg[0]
	second := ""
	if len(seg) > 1 {
		second = seg[1]
	}
	const structure = "write the field in full"
	switch {
	case secret && !namesSecret(seg):
		return "write it to secretName, or to the name of a secretKeyRef or secretRef", "the parameter is writeOnly, the name of a Secret"
	case slices.ContainsFunc(seg[:min(2, len(seg))], func(s string) bool { return s == "*" || strings.HasPrefix(s, "[") }):
		return structure, "the first two segments must be names"
	case first == "subjects" && parameter == "namespace" && len(seg) == 3 && seg[2] == "namespace": // as charts write it
		return "", ""
	case slices.Contains([]string{"roleRef", "rules", "subjects", "webhooks"}, first):
		return "write the right out in the version", "who may do what is part of the version"
	case len(seg) < 2 || !slices.Contains([]string{"spec", "data", "stringData", "metadata"}, first):
		return "use a field below spec or data", "parameters may not go there"
	case first == "metadata":
		return forbiddenMetadata(seg)
	case first != "spec":
		return "", ""
	case o.is("", "PersistentVolumeClaim"):
		return forbiddenClaim(parameter, seg)
	case slices.Contains([]string{"image", "images"}, seg[len(seg)-1]):
		return "pin the image in the version", "images are part of the version"
	case second == "selector", second == "volumeClaimTemplates", second == "serviceName" && o.kind == "StatefulSet", second == "clusterIP":
		return "for storage that a tenant sizes write a PersistentVolumeClaim object", "the field cannot change once it is created"
	case second == "replicas" && o.runs() && parameter != "replicas":
		return "use the parameter replicas, which suspension sets to 0", "only the parameter replicas scales a workload"
	case second == "suspend" && o.kind == "CronJob":
		return "remove the target", "suspension sets the field"
	case o.is("batch", "Job") && !slices.Contains(lasting(), parameter):
		return "use one of " + strings.Join(lasting(), ", "), "a Job's template cannot change, and the parameter can"
	}
	return "", ""
}

// namesSecret reports whether a field is where Kubernetes takes the name of a Secret.
func namesSecret(seg []string) bool {
	last, before := seg[len(seg)-1], ""
	if len(seg) > 1 {
		before = seg[len(seg)-2]
	}
	return last == "secretName" || last == "name" && slices.Contains([]string{"secret", "secretRef", "secretKeyRef", "caSecret"}, before)
}

// claimSize is where a claim says how large it is, claimClass of which class.
const (
	claimSize  = "spec.resources.requests.storage"
	claimClass = "spec.storageClassName"
)

// claimField is a field of a claim.
type claimField struct{ claim, field string }

// forbiddenClaim lets a claim be given what the renderer keeps from shrinking
// and from changing; nothing else of a claim can change once it is created.
func forbiddenClaim(parameter string, seg []string) (hint, why string) {
	switch path := strings.Join(seg, "."); {
	case path == claimClass && parameter != "storageClass":
		return "use the parameter storageClass, which stays as it is for what is there", "the field cannot change once it is created"
	case path != claimSize && path != claimClass:
		return "write the field in full", "the field cannot change once it is created"
	}
	return "", ""
}

func forbiddenMetadata(seg []string) (hint, why string) {
	if len(seg) != 3 || seg[1] != "annotations" && seg[1] != "labels" {
		return "use an annotation", "names and places are part of the version"
	}
	if strings.Contains(seg[2], marksDomain) || strings.HasPrefix(seg[2], "argocd.argoproj.io") || strings.HasPrefix(seg[2], "config.kubernetes.io") {
		return "use another key", "the mark is set by sluice"
	}
	return "", ""
}

// splitPath splits a field path at dots that are neither escaped nor inside
// brackets, as kustomize does.
func splitPath(path string) []string {
	var out []string
	var seg strings.Builder
	depth := 0
	for i := 0; i < len(path); i++ {
		switch c := path[i]; {
		case c == '\\' && i+1 < len(path):
			i++
			seg.WriteByte(path[i])
		case c == '.' && depth == 0:
			out = append(out, seg.String())
			seg.Reset()
		default:
			if c == '[' {
				depth++
			}
			if c == ']' {
				depth--
			}
			seg.WriteByte(c)
		}
	}
	return append(out, seg.String())
}
