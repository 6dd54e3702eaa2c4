// Package policy says which objects would take more than belongs to whoever
// writes them: rights beyond a namespace, routes and networks of others, marks
// by which Argo CD is driven.
//
// It is one list of rules for two layers, which look at the same rendered
// objects: the proof of a version asks what an author may publish, and the
// plugin what may be applied, whoever wrote it to Git. It is pure, and reads
// objects as decoded YAML. What pods may do on their nodes is not decided here
// but by Kubernetes' pod security standards.
package policy

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"

	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/manifest"
)

// Place says where a rendered object is written.
type Place struct {
	Namespace string
	// Shared is the namespace of an environment's shared parts, else it is a tenant's.
	Shared bool
	// Hosts are those of the tenant.
	Hosts Hosts
}

// Check returns every rule that an object breaks at a place; each error names
// the object and has a hint.
func Check(fields map[string]any, p Place) []error {
	o := object{fields: fields, place: p}
	o.group, o.kind, o.name = identity(fields)
	for _, rule := range [...]func(*object){(*object).owners, (*object).marks, (*object).rights, (*object).binds, (*object).defines, (*object).opens, (*object).priority, (*object).closes, (*object).traffic, (*object).names, (*object).borrows} {
		rule(&o)
	}
	return o.faults
}

// object is an object that is looked at, with what was found.
type object struct {
	group, kind, name string
	fields            map[string]any
	place             Place
	faults            []error
}

// maxFaults bounds what is said of one object, however many rules a hostile one has.
const maxFaults = 20

func (o *object) refuse(hint, format string, args ...any) {
	if len(o.faults) >= maxFaults {
		return
	}
	o.faults = append(o.faults, fault.Hintf(hint, "%s %q: "+format, append([]any{o.kind, o.name}, args...)...))
}

// is reports whether o is of a kind of a group.
func (o *object) is(group string, kinds ...string) bool {
	return o.group == group && slices.Contains(kinds, o.kind)
}

// owners refuses what decides whether other objects live or stay.
func (o *object) owners() {
	metadata := at(o.fields, "metadata")
	for _, field := range []string{"ownerReferences", "finalizers"} {
		if list, _ := metadata[field].([]any); len(list) > 0 {
			o.refuse("remove it: Argo CD decides what stays and goes", "metadata.%s is set", field)
		}
	}
}

// opens refuses what reaches the traffic of others.
func (o *object) opens() {
	switch spec := at(o.fields, "spec"); {
	case o.is(apisix, "ApisixGlobalRule", "ApisixClusterConfig", "GatewayProxy"):
		o.refuse("write the plugin into the version's own routes", "it is for the routes of all tenants")
	case o.is("", "Service"):
		if ips, _ := spec["externalIPs"].([]any); len(ips) > 0 {
			o.refuse("remove it, or use type LoadBalancer", "externalIPs %v would take traffic that is meant for others", ips)
		}
	case o.is("networking.k8s.io", "NetworkPolicy") && selectsAll(at(spec, "podSelector")):
		for _, way := range []struct{ rules, peers string }{{"ingress", "from"}, {"egress", "to"}} {
			for _, rule := range list(spec, way.rules) {
				r, _ := rule.(map[string]any)
				peers := list(r, way.peers)
				if (len(peers) == 0 || slices.ContainsFunc(peers, anybody)) && (way.rules == "ingress" || len(list(r, "ports")) == 0) {
					o.refuse("select the pods that need it, or name the peers under "+way.peers, "%s is open for all pods of the namespace", way.rules)
				}
			}
		}
	}
}

// selectsAll reports whether a selector selects whatever lacks a label, or all.
func selectsAll(selector map[string]any) bool {
	return len(at(selector, "matchLabels")) == 0 && !slices.ContainsFunc(list(selector, "matchExpressions"), func(v any) bool {
		e, _ := v.(map[string]any)
		return e["operator"] == "In" || e["operator"] == "Exists"
	})
}

// anybody reports whether a peer of a NetworkPolicy is every namespace, or a good
// part of all addresses.
func anybody(peer any) bool {
	p, _ := peer.(map[string]any)
	if cidr, ok := at(p, "ipBlock")["cidr"].(string); ok {
		prefix, err := netip.ParsePrefix(cidr)
		return err != nil || prefix.Bits() < 8
	}
	selector, ok := p["namespaceSelector"].(map[string]any)
	return ok && selectsAll(selector)
}

// closes refuses a namespace of a tenant that other layers would not know as
// one: they find it by these labels.
func (o *object) closes() {
	if !o.is("", "Namespace") || o.place.Shared {
		return
	}
	for _, key := range []string{manifest.LabelTenant, "pod-security.kubernetes.io/enforce"} {
		if value, _ := at(o.fields, "metadata", "labels")[key].(string); value == "" {
			o.refuse("render the tenant again", "label %q is missing", key)
		}
	}
}

// priority refuses the priorities by which a cluster's own parts push others out.
func (o *object) priority() {
	each(o.fields, func(key string, value any) {
		if class, _ := value.(string); key == "priorityClassName" && (class == "system-cluster-critical" || class == "system-node-critical") {
			o.refuse("use a class of your own, or none", "priorityClassName %q is for the cluster's own parts", class)
		}
	})
}

// defines refuses definitions of kinds that others have defined.
func (o *object) defines() {
	if !o.is("apiextensions.k8s.io", "CustomResourceDefinition") {
		return
	}
	group, _ := at(o.fields, "spec")["group"].(string)
	if !manifest.CustomGroup(group) || slices.Contains(othersGroups(), group) {
		o.refuse("use a group of your own, such as license.gatorcloud.io", "group %q belongs to others, whose kinds it would change", group)
	}
}

// othersGroups are groups of custom kinds that serve whole clusters, sorted.
func othersGroups() []string {
	return []string{
		"acme.cert-manager.io", "apisix.apache.org", "apps.kruise.io", "argoproj.io", "bitnami.com", "cert-manager.io",
		"external-secrets.io", "generators.external-secrets.io", "keda.sh", "monitoring.coreos.com", "sluice.gatorcloud.io",
	}
}

// identity returns an object's API group, kind and name.
func identity(fields map[string]any) (group, kind, name string) {
	apiVersion, _ := fields["apiVersion"].(string)
	kind, _ = fields["kind"].(string)
	name, _ = at(fields, "metadata")["name"].(string)
	for i := range len(apiVersion) {
		if apiVersion[i] == '/' {
			return apiVersion[:i], kind, name
		}
	}
	return "", kind, name
}

// at returns the mapping at path below m, and nil when there is none.
func at(m map[string]any, path ...string) map[string]any {
	for _, p := range path {
		m, _ = m[p].(map[string]any)
	}
	return m
}

// list returns the list under a key, and nil when there is none.
func list(m map[string]any, key string) []any {
	l, _ := m[key].([]any)
	return l
}

// texts returns the entries of a list that are texts.
func texts(m map[string]any, key string) []string {
	var out []string
	for _, v := range list(m, key) {
		out = append(out, fmt.Sprint(v))
	}
	return out
}

// each calls f for every key below v, in order.
func each(v any, f func(key string, value any)) {
	switch x := v.(type) {
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(x)) {
			f(key, x[key])
			each(x[key], f)
		}
	case []any:
		for _, below := range x {
			each(below, f)
		}
	}
}
