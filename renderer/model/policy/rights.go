package policy

import (
	"maps"
	"slices"
	"strings"
)

const rbac = "rbac.authorization.k8s.io"

// rights refuses roles that hold everything, that could give themselves more,
// or that add to the roles of others.
func (o *object) rights() {
	if !o.is(rbac, "Role", "ClusterRole") {
		return
	}
	if _, ok := o.fields["aggregationRule"]; ok {
		o.refuse("write the rules", "aggregationRule takes rights from roles of others")
	}
	for _, key := range slices.Sorted(maps.Keys(at(o.fields, "metadata", "labels"))) {
		if strings.HasPrefix(key, rbac+"/") {
			o.refuse("remove it", "label %q gives its rights to others", key)
		}
	}
	for _, rule := range list(o.fields, "rules") {
		r, _ := rule.(map[string]any)
		for _, field := range []string{"verbs", "resources", "apiGroups", "nonResourceURLs"} {
			for _, word := range texts(r, field) {
				switch {
				case strings.Contains(word, "*"):
					o.refuse("name each that is needed", "%s %q are more than anybody needs", field, word)
				case field == "verbs" && slices.Contains([]string{"bind", "escalate", "impersonate"}, word):
					o.refuse("remove it", "verb %q takes rights that nobody gave", word)
				}
			}
		}
	}
}

// binds refuses rights of the cluster's own roles, and rights for others than
// the accounts of the place. Of the cluster's roles a tenant may have view, which
// reads its own namespace but for Secrets.
func (o *object) binds() {
	if !o.is(rbac, "RoleBinding", "ClusterRoleBinding") {
		return
	}
	ref := at(o.fields, "roleRef")
	kind, _ := ref["kind"].(string)
	name, _ := ref["name"].(string)
	wide := kind == "ClusterRole" && name != "view"
	if o.place.Shared { // whose own cluster roles were looked at
		wide = strings.HasPrefix(name, "system:") || slices.Contains([]string{"admin", "cluster-admin", "edit"}, name) || name == "view" && o.kind == "ClusterRoleBinding"
	}
	if wide {
		o.refuse("bind a Role of the version", "roleRef %s %q has rights beyond it", kind, name)
	}
	for _, subject := range list(o.fields, "subjects") {
		s, _ := subject.(map[string]any)
		kind, name, namespace := s["kind"], s["name"], s["namespace"]
		if kind != "ServiceAccount" || namespace != nil && namespace != o.place.Namespace {
			o.refuse("bind a ServiceAccount of the version, without a namespace", "subject %v %v of namespace %v is not of its own", kind, name, orNone(namespace))
		}
	}
}

func orNone(v any) any {
	if v == nil {
		return "none"
	}
	return v
}
