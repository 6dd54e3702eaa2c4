package manifest

// Workload is a kind whose objects run pods, or scale what does, and how they
// come to rest when an authorisation has ended.
type Workload struct {
	Group, Kind string
	// Template is the path of the pod template; empty for kinds that have none.
	Template []string
	// Rest is the field that puts an object to rest, as a JSON pointer, and Value
	// what it holds then, in YAML. A kind without it ends by itself, or runs nothing.
	Rest, Value string
}

// Fields that put the kinds of Workloads to rest. KEDA starts what it scales
// again unless it is told to pause: a ScaledObject at a number of replicas, a
// ScaledJob before the next Job.
const (
	RestReplicas     = "/spec/replicas"
	RestSuspend      = "/spec/suspend"
	RestNodeSelector = "/spec/template/spec/nodeSelector"
	RestPausedAt     = "/metadata/annotations/autoscaling.keda.sh~1paused-replicas"
	RestPaused       = "/metadata/annotations/autoscaling.keda.sh~1paused"
)

// Workloads returns the kinds that sluice knows to put to rest, in the order of
// their names.
func Workloads() []Workload {
	template := []string{"spec", "template"}
	return []Workload{
		{"apps.kruise.io", "CloneSet", template, RestReplicas, "0"},
		{"batch", "CronJob", []string{"spec", "jobTemplate", "spec", "template"}, RestSuspend, "true"},
		{"apps", "DaemonSet", template, RestNodeSelector, `{gatorcloud.io/suspended: "true"}`},
		{"apps", "Deployment", template, RestReplicas, "0"},
		{"batch", "Job", template, "", ""}, // it has run
		{"apps", "ReplicaSet", template, RestReplicas, "0"},
		{"", "ReplicationController", template, RestReplicas, "0"},
		{"argoproj.io", "Rollout", template, RestReplicas, "0"},
		{"keda.sh", "ScaledJob", []string{"spec", "jobTargetRef", "template"}, RestPaused, `"true"`},
		{"keda.sh", "ScaledObject", nil, RestPausedAt, `"0"`},
		{"apps", "StatefulSet", template, RestReplicas, "0"},
	}
}
