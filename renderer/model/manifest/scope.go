package manifest

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
)

// GroupKind is a kind of an API group; the core group is "".
type GroupKind struct{ Group, Kind string }

// Compare orders kinds by group and name.
func (k GroupKind) Compare(o GroupKind) int {
	return cmp.Or(strings.Compare(k.Group, o.Group), strings.Compare(k.Kind, o.Kind))
}

var (
	groupForm = regexp.MustCompile(`^([a-z0-9-]+(\.[a-z0-9-]+)*)?$`)
	kindForm  = regexp.MustCompile(`^[A-Z][A-Za-z0-9]*$`)
)

// IsName reports whether k names one kind: AppProjects take others for patterns.
func (k GroupKind) IsName() bool {
	return groupForm.MatchString(k.Group) && kindForm.MatchString(k.Kind)
}

// PlainKinds are the kinds of Kubernetes' own with a namespace that every
// AppProject with workloads allows, sorted. Pods, and what makes them, are there for
// who looks at them in Argo CD: it hides what a project does not allow.
func PlainKinds() []GroupKind {
	return []GroupKind{
		{"", "ConfigMap"}, {"", "LimitRange"}, {"", "PersistentVolumeClaim"}, {"", "Pod"}, {"", "ResourceQuota"}, {"", "Secret"}, {"", "Service"}, {"", "ServiceAccount"},
		{"apps", "ControllerRevision"}, {"apps", "DaemonSet"}, {"apps", "Deployment"}, {"apps", "ReplicaSet"}, {"apps", "StatefulSet"},
		{"autoscaling", "HorizontalPodAutoscaler"},
		{"batch", "CronJob"}, {"batch", "Job"},
		{"networking.k8s.io", "Ingress"}, {"networking.k8s.io", "NetworkPolicy"},
		{"policy", "PodDisruptionBudget"},
		{"rbac.authorization.k8s.io", "Role"}, {"rbac.authorization.k8s.io", "RoleBinding"},
	}
}

// SharedClusterKinds are the kinds without a namespace that an
// environment-shared component may write, sorted. Nothing else of ours writes
// any but a tenant's namespace itself.
func SharedClusterKinds() []GroupKind {
	return []GroupKind{
		{"apiextensions.k8s.io", "CustomResourceDefinition"},
		{"rbac.authorization.k8s.io", "ClusterRole"},
		{"rbac.authorization.k8s.io", "ClusterRoleBinding"},
	}
}

// SharedMayWrite reports whether a kind that belongs to no namespace is one of
// SharedClusterKinds.
func SharedMayWrite(group, kind string) bool {
	return slices.Contains(SharedClusterKinds(), GroupKind{group, kind})
}

// CustomGroup reports whether an API group is none of Kubernetes' own.
func CustomGroup(group string) bool {
	return strings.Contains(group, ".") && !strings.HasSuffix(group, ".k8s.io")
}

// ClusterScoped reports whether a kind is known to belong to no namespace,
// whatever namespace an object of it carries: Argo CD clears that. The base
// check and the plugin ask it alike. A custom kind that is not in the list tells
// by its name only (ClusterIssuer, GlobalNetworkPolicy; a Cluster of databases is in one); one that
// does not is refused by the tenants' AppProject, which allows none.
func ClusterScoped(group, kind string) bool {
	if strings.HasPrefix(kind, "Cluster") && kind != "Cluster" || strings.HasPrefix(kind, "Global") || strings.Contains(kind, "Clusterwide") || kind == "ApisixClusterConfig" {
		return true
	}
	return slices.Contains([]string{
		"APIService", "AdminNetworkPolicy", "BaselineAdminNetworkPolicy", "CSIDriver", "CSINode", "CertificateSigningRequest", "ComponentStatus", "CustomResourceDefinition",
		"DeviceClass", "DeviceTaintRule", "FlowSchema", "GatewayClass", "IPAddress", "IngressClass", "MutatingAdmissionPolicy",
		"MutatingAdmissionPolicyBinding", "MutatingWebhookConfiguration", "Namespace", "Node", "PersistentVolume",
		"PodSecurityPolicy", "PriorityClass", "PriorityLevelConfiguration", "ResourceSlice", "RuntimeClass",
		"SelfSubjectAccessReview", "SelfSubjectReview", "SelfSubjectRulesReview", "ServiceCIDR", "StorageClass",
		"StorageVersion", "StorageVersionMigration", "SubjectAccessReview", "TokenReview", "ValidatingAdmissionPolicy",
		"ValidatingAdmissionPolicyBinding", "ValidatingWebhookConfiguration", "VolumeAttachment",
		"VolumeGroupSnapshotClass", "VolumeGroupSnapshotContent",
		"VolumeAttributesClass", "VolumeSnapshotClass", "VolumeSnapshotContent",
	}, kind) && !CustomGroup(group)
}

// OfNamespace reports whether an object is one that the renderer itself puts into
// a tenant's namespace: no version has it.
func OfNamespace(group, kind, name string) bool {
	return name == "tenant" && slices.Contains([]GroupKind{{"", "ResourceQuota"}, {"networking.k8s.io", "NetworkPolicy"}}, GroupKind{group, kind})
}
