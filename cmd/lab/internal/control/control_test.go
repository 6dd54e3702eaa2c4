package control_test

import (
	"strings"
	"testing"

	"sigs.k8s.io/yaml"

	"github.com/gatorcloud/sluice/cmd/lab/internal/control"
	"github.com/gatorcloud/sluice/cmd/lab/internal/kube"
	"github.com/gatorcloud/sluice/cmd/lab/internal/pki"
	"github.com/gatorcloud/sluice/cmd/lab/internal/process"
	"github.com/gatorcloud/sluice/cmd/lab/internal/site"
)

// Whatever a component listens on is on loopback, and its ports are the lab's.
func TestComponentsStayOnLoopback(t *testing.T) {
	s := site.Site{Dir: "/lab", Ports: map[string]int{
		"etcd": 20001, "etcd-peer": 20002, "tenant-etcd": 20007, "tenant-etcd-peer": 20008, "kube-apiserver": 20003, "kube-controller-manager": 20004, "kube-scheduler": 20005, "kwok": 20006,
	}}
	for _, c := range []process.Component{
		control.Etcd(s), control.TenantEtcd(s), control.APIServer(s), control.ControllerManager(s), control.Scheduler(s), control.Kwok(s),
	} {
		t.Run(c.Name, func(t *testing.T) {
			args := strings.Join(c.Args, " ")
			if !strings.Contains(args, "127.0.0.1") || strings.Contains(args, "0.0.0.0") || strings.Contains(args, ":0 ") {
				t.Errorf("%s runs with %s, want 127.0.0.1 and known ports only", c.Name, args)
			}
			if c.Ready == nil {
				t.Error("no readiness probe")
			}
		})
	}
}

// The stages are read by kwok and by nobody before it: a slip in them would show as pods that never start.
func TestStages(t *testing.T) {
	stages := control.Files(pki.Pair{}, pki.Pair{}, nil, nil)["stages.yaml"]
	objects, err := kube.Decode(stages)
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range objects {
		if o.Text("kind") != "Stage" || o.Text("spec", "resourceRef", "kind") == "" {
			t.Errorf("stage %s has no resource", o.Ref())
		}
	}
	for _, annotation := range []string{"ready-after", "gone-after", "never-ready", "crash"} {
		if n := strings.Count(string(stages), "lab.gatorcloud.io/"+annotation); n < 2 {
			t.Errorf("annotation %q occurs %d times, want it explained and used", annotation, n)
		}
	}
}

func TestMachines(t *testing.T) {
	objects := append(control.Nodes(2), control.Volumes(3)...)
	if len(objects) != 2+1+3 {
		t.Fatalf("%d objects, want 2 nodes, the class and 3 volumes", len(objects))
	}
	seen := map[kube.Ref]bool{}
	for _, o := range objects {
		if _, err := yaml.Marshal(o); err != nil || o.Text("metadata", "name") == "" || seen[o.Ref()] {
			t.Errorf("object %s: %v, want a name of its own", o.Ref(), err)
		}
		seen[o.Ref()] = true
	}
}
