package argocd_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/gatorcloud/sluice/renderer/argocd"
	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/report"
)

// recorded are lists of a cluster by resource, as its API gives them.
type recorded map[string]string

const (
	owner = `{"kind": "Deployment", "metadata": {"name": "swg-engine"}, "spec": {"selector": {"matchLabels": {"app": "swg"}}}, "status": {"conditions": [
		{"type": "Available", "status": "False", "reason": "MinimumReplicasUnavailable", "message": "Deployment does not have minimum availability."},
		{"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded", "message": "ReplicaSet \"swg-engine-5d\" has timed out progressing."}]}}`
	set = `{"metadata": {"name": "swg-engine-5d"}, "status": {"conditions": [{"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate",
		"lastTransitionTime": "2026-11-29T09:00:00Z", "message": "pods \"swg-engine-5d-x\" is forbidden: exceeded quota: tenant, requested: pods=1, used: pods=20, limited: pods=20"}]}}`
	policy = `{"metadata": {"name": "swg-engine-5d"}, "status": {"conditions": [{"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate",
		"message": "pods \"x\" is forbidden: violates PodSecurity \"restricted:latest\": allowPrivilegeEscalation != false"}]}}`
)

// pod waits with a reason.
func pod(reason, message string) string {
	return fmt.Sprintf(`{"metadata": {"name": "swg-engine-5d-x", "creationTimestamp": "2026-11-29T09:00:00Z"}, "status": {"phase": "Pending",
		"conditions": [{"type": "Ready", "status": "False", "reason": "ContainersNotReady", "message": "containers with unready status: [engine]"}],
		"containerStatuses": [{"name": "engine", "state": {"waiting": {"reason": %q, "message": %q}}}]}}`, reason, message)
}

func unscheduled(message string) string {
	return fmt.Sprintf(`{"metadata": {"name": "swg-engine-5d-x"}, "status": {"conditions": [{"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": %q}]}}`, message)
}

func event(kind, name, reason, message string) string {
	return fmt.Sprintf(`{"metadata": {"name": "e"}, "involvedObject": {"kind": %q, "name": %q}, "reason": %q, "message": %q, "lastTimestamp": "2026-11-29T09:00:00Z"}`, kind, name, reason, message)
}

// lists answers with what was recorded, and counts the requests.
func (r recorded) lists(t *testing.T, asked *int) http.HandlerFunc {
	return func(w http.ResponseWriter, q *http.Request) {
		*asked++
		name := q.URL.Path[strings.LastIndex(q.URL.Path, "/")+1:]
		if !strings.Contains(q.URL.Path, "/namespaces/pop-1/") {
			t.Errorf("asked for %s", q.URL)
		}
		switch name {
		case "pods", "replicasets", "events":
			fmt.Fprintf(w, `{"kind": "List", "apiVersion": "v1", "items": [%s]}`, strings.ReplaceAll(r[name], `{"metadata"`, `{"apiVersion": "v1", "kind": "X", "metadata"`))
		default:
			fmt.Fprint(w, strings.Replace(owner, `{"kind": "Deployment"`, `{"apiVersion": "apps/v1", "kind": "Deployment"`, 1))
		}
	}
}

func TestCause(t *testing.T) {
	engine := report.Object{Group: "apps", Kind: "Deployment", Namespace: "pop-1", Name: "swg-engine"}
	store := report.Object{Kind: "PersistentVolumeClaim", Namespace: "pop-1", Name: "data"}
	lost := event("PersistentVolumeClaim", "data", "ProvisioningFailed", `storageclass.storage.k8s.io "fast" not found`)
	cases := map[string]struct {
		why    string
		there  recorded
		of     report.Object
		want   report.Code
		object string
	}{
		"Quota":     {"it stands on the ReplicaSet alone", recorded{"replicasets": set}, engine, report.Quota, "ReplicaSet pop-1/swg-engine-5d"},
		"Admission": {"so does a refusal of the pods", recorded{"replicasets": policy}, engine, report.Admission, "ReplicaSet pop-1/swg-engine-5d"},
		"Image":     {"the image stands on the pod", recorded{"pods": pod("ImagePullBackOff", `Back-off pulling image "registry.example.org/swg:9"`)}, engine, report.Image, "Pod pop-1/swg-engine-5d-x"},
		"Crash":     {"so does an end", recorded{"pods": pod("CrashLoopBackOff", "back-off 5m0s restarting failed container=engine")}, engine, report.Crash, "Pod pop-1/swg-engine-5d-x"},
		"Deepest":   {"what pods say is deeper than what ReplicaSets said before", recorded{"pods": pod("ErrImagePull", ""), "replicasets": set}, engine, report.Image, "Pod pop-1/swg-engine-5d-x"},
		"Capacity":  {"no node has room", recorded{"pods": unscheduled("0/3 nodes are available: 3 Insufficient cpu.")}, engine, report.Capacity, "Pod pop-1/swg-engine-5d-x"},
		"Claim":     {"the claim's event says more than the pod that waits for it", recorded{"pods": unscheduled("0/3 nodes are available: pod has unbound immediate PersistentVolumeClaims."), "events": lost}, engine, report.Claim, "PersistentVolumeClaim pop-1/data"},
		"OwnClaim":  {"a claim has events and nothing else", recorded{"events": lost}, store, report.Claim, "PersistentVolumeClaim pop-1/data"},
		"Mount":     {"a volume that is not mounted is told in the pod's events", recorded{"pods": pod("ContainerCreating", ""), "events": event("Pod", "swg-engine-5d-x", "FailedMount", "MountVolume.SetUp failed")}, engine, report.Claim, "Pod pop-1/swg-engine-5d-x"},
		"Others":    {"events of others say nothing", recorded{"events": event("Pod", "another", "Failed", "exceeded quota")}, engine, report.Deadline, "Deployment pop-1/swg-engine"},
		"Deadline":  {"nothing says why", recorded{"pods": pod("ContainerCreating", "")}, engine, report.Deadline, "Deployment pop-1/swg-engine"},
		"Silence":   {"an object of which nothing is said", recorded{}, store, "", ""},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			asked := 0
			got, err := destination(t, c.there.lists(t, &asked)).Cause(t.Context(), c.of)
			if err != nil || got.Code != c.want || got.Object != c.object || got.Code != "" && got.Says == "" {
				t.Errorf("Cause(%s) = %+v, %v, want %q of %q: %s", c.of, got, err, c.want, c.object, c.why)
			}
			if asked > 4 {
				t.Errorf("%d requests, want 4 at the most", asked)
			}
		})
	}
}

// Who may not look is told which rights he needs.
func TestCauseIsDenied(t *testing.T) {
	there := destination(t, func(w http.ResponseWriter, _ *http.Request) { refuse(w, http.StatusForbidden) })
	_, err := there.Cause(t.Context(), report.Object{Kind: "Pod", Namespace: "pop-1", Name: "x"})
	if hint := fault.HintOf(err); !strings.Contains(hint, "events") {
		t.Errorf("Cause = %v, hint %q, want the rights that it takes", err, hint)
	}
}

func destination(t *testing.T, answer http.HandlerFunc) *argocd.Destination {
	t.Helper()
	access, err := argocd.Kubeconfig(argocd.Options{File: write(t, t.TempDir()+"/config", kubeconfig(t, place{cluster: trusted(serve(t, answer))}))})
	if err != nil {
		t.Fatal(err)
	}
	d, err := argocd.NewDestination(access)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.Close)
	return d
}
