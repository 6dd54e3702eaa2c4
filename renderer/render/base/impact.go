package base

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gatorcloud/sluice/catalog"
	"github.com/gatorcloud/sluice/renderer/model/manifest"
	"github.com/gatorcloud/sluice/renderer/model/quantity"
)

// frozen are the fields below spec that the API server lets nobody change once
// an object is there, by kind. Of a StatefulSet it is the other way round.
func frozen(o object) []string {
	switch {
	case o.group == "apps" && (o.kind == "Deployment" || o.kind == "DaemonSet"):
		return []string{"selector"}
	case o.is("batch", "Job"):
		return []string{"selector", "template", "completions", "completionMode"}
	case o.is("", "PersistentVolumeClaim"):
		return []string{"accessModes", "dataSource", "dataSourceRef", "selector", "storageClassName", "volumeMode", "volumeName"}
	case o.is("", "Service"):
		return []string{"clusterIP", "clusterIPs"}
	}
	return nil
}

// fluid are the fields of a StatefulSet that may change.
func fluid() []string {
	return []string{"minReadySeconds", "ordinals", "persistentVolumeClaimRetentionPolicy", "replicas", "revisionHistoryLimit", "template", "updateStrategy"}
}

const immutable = "the field cannot change once the object is there, and Kubernetes refuses the version"

// impact returns what the change of a field does, and why it breaks if it does.
func (x comparedObject) impact(path []string, was, is any) (Impact, string) {
	o, field := x.is, ""
	if len(path) > 1 && path[0] == "spec" {
		field = path[1]
	}
	switch {
	case x.immutable(path, field):
		return ImpactImmutable, immutable
	case o.is("", "PersistentVolumeClaim") && strings.Join(path, ".") == claimSize:
		return x.size(was, is)
	case o.is("", "Service") && field == "type" && was == "LoadBalancer":
		return ImpactRoute, "the address of the load balancer is lost"
	case o.is("argoproj.io", "Application") && field == "destination" && x.elsewhere():
		return ImpactData, "" // what runs is left where it is, and what comes up is empty
	case field == "replicas" || field == "minReplicas" || field == "maxReplicas":
		return ImpactScale, ""
	case o.runs() && field != "":
		return ImpactRestart, ""
	case slices.Contains([]string{"Service", "Ingress"}, o.kind), o.group == "apisix.apache.org", o.group == "gateway.networking.k8s.io":
		return ImpactRoute, ""
	}
	return ImpactConfig, ""
}

// elsewhere reports whether the destination of an Application is another place,
// and not another name of the same.
func (x comparedObject) elsewhere() bool {
	place := func(o object) [3]string {
		d := at(o.fields, "spec", "destination")
		name, _ := d["name"].(string)
		server, _ := d["server"].(string)
		namespace, _ := d["namespace"].(string)
		if name == "in-cluster" {
			name, server = "", manifest.InCluster
		}
		return [3]string{name, server, namespace}
	}
	return place(x.was) != place(x.is)
}

// immutable reports whether a field cannot change.
func (x comparedObject) immutable(path []string, field string) bool {
	switch {
	case path[0] == "roleRef" && strings.HasSuffix(x.is.kind, "RoleBinding"):
		return true
	case x.was.fields["immutable"] == true && slices.Contains([]string{"ConfigMap", "Secret"}, x.is.kind):
		return path[0] != "metadata"
	case x.is.is("apps", "StatefulSet"):
		return field != "" && !slices.Contains(fluid(), field)
	}
	return slices.Contains(frozen(x.is), field)
}

// size judges the size of a claim. What a parameter of a product sizes, the
// renderer keeps; nobody gives parameters to a shared component.
func (x comparedObject) size(was, is any) (Impact, string) {
	before, err1 := quantity.Storage(fmt.Sprint(was))
	after, err2 := quantity.Storage(fmt.Sprint(is))
	kept := x.after.given[claimField{x.is.name, claimSize}] != "" && !x.after.Version.Ref.Shared
	if err1 == nil && err2 == nil && after.Cmp(before) < 0 && !kept {
		return ImpactData, "a claim cannot shrink"
	}
	return ImpactData, ""
}

// hands notes a claim that another parameter sizes or gives a class, or none
// any more: what tenants have of it is not kept.
func (x comparedObject) hands() {
	if !x.is.is("", "PersistentVolumeClaim") {
		return
	}
	for _, field := range []string{claimSize, claimClass} {
		was, is := x.before.given[claimField{x.is.name, field}], x.after.given[claimField{x.is.name, field}]
		if was != is {
			x.changes = append(x.changes, Change{Object: x.name, Field: field + " (parameter)", From: was, To: is, Impact: ImpactData,
				Breaks: "what tenants have now is not kept: the claim may shrink or change its class, which Kubernetes refuses"})
		}
	}
}

// parameterChanges returns how the parameters of b differ from those of a, with
// a value that b no longer takes.
func parameterChanges(a, b *catalog.Version) []Change {
	var changes []Change
	names := append(a.ParameterNames(), b.ParameterNames()...)
	slices.Sort(names)
	for _, name := range slices.Compact(names) {
		had, has := slices.Contains(a.ParameterNames(), name), slices.Contains(b.ParameterNames(), name)
		c := Change{Object: "parameter " + name}
		_, defaultA := a.Defaults()[name]
		after, defaultB := b.Defaults()[name]
		switch {
		case !had && defaultB:
			c.Impact, c.To = ImpactAdd, after
		case !had:
			c.Impact, c.Breaks = ImpactAdd, "it is required, and no tenant has given it yet"
		case !has:
			c.Impact, c.Breaks = ImpactRemove, "tenants that give it are refused"
		case defaultA && !defaultB:
			c.Impact, c.Breaks = ImpactConfig, "it is required now, and tenants may not have given it"
		default:
			value, narrowed := lost(a, b, name)
			if !narrowed && a.Defaults()[name] == after {
				continue
			}
			c.Impact, c.From, c.To = ImpactConfig, a.Defaults()[name], after
			if narrowed {
				c.Breaks = fmt.Sprintf("%q was a legal value and is none now", value)
			}
		}
		changes = append(changes, c)
	}
	return changes
}

// lost returns a value of a parameter that a accepts and b does not.
func lost(a, b *catalog.Version, name string) (string, bool) {
	for _, raw := range append(candidates(a, name), candidates(b, name)...) {
		if written, ok := a.Accepts(name, raw); ok {
			if _, still := b.Accepts(name, raw); !still {
				return written, true
			}
		}
	}
	return "", false
}
