package timeline_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gatorcloud/sluice/cmd/lab/internal/kube"
	"github.com/gatorcloud/sluice/cmd/lab/internal/timeline"
)

// flaky is a source whose watch breaks after each script; the next list shows what was missed.
type flaky struct {
	lists  [][]kube.Object
	events [][]kube.Event
	round  int
	done   context.CancelFunc
}

func (f *flaky) List(context.Context, kube.Ref) ([]kube.Object, string, error) {
	if f.round >= len(f.lists) {
		f.done()
		return nil, "", errors.New("over")
	}
	return f.lists[f.round], "1", nil
}

func (f *flaky) Watch(_ context.Context, _ kube.Ref, _ string, each func(kube.Event) error) error {
	events := f.events[f.round]
	f.round++
	for _, e := range events {
		if err := each(e); err != nil {
			return err
		}
	}
	return errors.New("broken")
}

func claim(name, phase string) kube.Object {
	return kube.Object{
		"apiVersion": "v1", "kind": "PersistentVolumeClaim",
		"metadata": map[string]any{"namespace": "t", "name": name}, "status": map[string]any{"phase": phase},
	}
}

// What was deleted while the connection was broken is recorded as gone; what did not change is not repeated.
func TestRecordOverBreaks(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	source := &flaky{
		lists: [][]kube.Object{
			{claim("a", "Pending"), claim("b", "Bound"), claim("ignored", "Bound")},
			{claim("a", "Bound")},
		},
		events: [][]kube.Event{
			{{Type: "MODIFIED", Object: claim("a", "Bound")}, {Type: "ADDED", Object: claim("c", "Bound")}, {Type: "DELETED", Object: claim("c", "Bound")}},
			{{Type: "BOOKMARK", Object: kube.Object{}}},
		},
		done: cancel,
	}
	log := timeline.New()
	recorder := timeline.Recorder{Source: source, Log: log, Now: time.Now, Ignore: func(o timeline.Object) bool { return o.Name == "ignored" }}
	recorder.Record(ctx, kube.Ref{APIVersion: "v1", Kind: "PersistentVolumeClaim"})
	var got []string
	for _, e := range log.Events() {
		got = append(got, e.Object.Name+" "+string(e.State.Health))
	}
	want := []string{"a Progressing", "b Healthy", "a Healthy", "c Healthy", "c Gone", "b Gone"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Record() -want +got:\n%s", diff)
	}
}

func TestDescribe(t *testing.T) {
	const deployment = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: a, generation: 2, annotations: {argocd.argoproj.io/sync-wave: "3"}}
spec: {replicas: 2, template: {spec: {containers: [{image: "example.org:5000/a:v2"}]}}}
`
	cases := map[string]struct {
		reason string
		object string
		want   timeline.State
	}{
		"Stale": {"the status is of the last generation", deployment + "status: {observedGeneration: 1, replicas: 2, updatedReplicas: 2, readyReplicas: 2}",
			timeline.State{Health: timeline.Progressing, Version: "v2", Detail: "2/2", Wave: "3"}},
		"RolledOut": {"all replicas run it and no others are left", deployment + "status: {observedGeneration: 2, replicas: 2, updatedReplicas: 2, readyReplicas: 2}",
			timeline.State{Health: timeline.Healthy, Version: "v2", Detail: "2/2", Wave: "3"}},
		"Surplus": {"an old pod is still there", deployment + "status: {observedGeneration: 2, replicas: 3, updatedReplicas: 2, readyReplicas: 2}",
			timeline.State{Health: timeline.Progressing, Version: "v2", Detail: "2/2", Wave: "3"}},
		"Stuck": {"the deadline passed", deployment + "status: {observedGeneration: 2, conditions: [{type: Progressing, reason: ProgressDeadlineExceeded}]}",
			timeline.State{Health: timeline.Degraded, Version: "v2", Detail: "0/2", Wave: "3"}},
		"Pod": {"ready by its condition", `{apiVersion: v1, kind: Pod, spec: {containers: [{image: "a:1"}]}, status: {phase: Running, conditions: [{type: Ready, status: "True"}]}}`,
			timeline.State{Health: timeline.Healthy, Version: "1", Detail: "Running"}},
		"Deleting": {"being deleted outweighs health", `{apiVersion: v1, kind: Pod, metadata: {deletionTimestamp: x}, status: {phase: Running}}`,
			timeline.State{Health: timeline.Deleting, Detail: "Running"}},
		"Granted": {"an Application runs the versions it was granted", `
apiVersion: argoproj.io/v1alpha1
kind: Application
spec: {source: {path: e/rings/canary, plugin: {parameters: [{name: versions, map: {swg: "202", dsa: "31"}}]}}}
status: {health: {status: Healthy}, sync: {status: Synced}, operationState: {phase: Succeeded}}`,
			timeline.State{Health: timeline.Healthy, Version: "dsa=31,swg=202", Detail: "Synced Succeeded"}},
		"Fresh": {"an Application that nobody looked at yet", `{apiVersion: argoproj.io/v1alpha1, kind: Application, spec: {source: {path: a/b/202}}}`,
			timeline.State{Health: timeline.Unknown, Version: "202"}},
		"Hostile": {"fields of the wrong type do no harm", `{apiVersion: apps/v1, kind: Deployment, spec: [1], status: x, metadata: 3}`,
			timeline.State{Health: timeline.Progressing, Detail: "0/1"}},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			objects, err := kube.Decode([]byte(tc.object))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.want, timeline.Describe(objects[0])); diff != "" {
				t.Errorf("%s: Describe() -want +got:\n%s", tc.reason, diff)
			}
		})
	}
}
