package control

import (
	_ "embed"
	"fmt"

	"github.com/gatorcloud/sluice/cmd/lab/internal/health"
	"github.com/gatorcloud/sluice/cmd/lab/internal/kube"
	"github.com/gatorcloud/sluice/cmd/lab/internal/process"
	"github.com/gatorcloud/sluice/cmd/lab/internal/site"
)

// stages says how nodes and pods of the lab live; its first lines tell what annotations of a pod change it.
//
//go:embed stages.yaml
var stages []byte

// Kwok plays the kubelet of every node.
func Kwok(s site.Site) process.Component {
	return process.Component{
		Name: kwok, Path: s.Programs[kwok], Env: s.Env(), Dir: s.Dir,
		Args: []string{
			"--kubeconfig=" + s.Kubeconfig(kwok), "--config=" + s.Path(site.PKI, stagesFile),
			"--manage-all-nodes=true", "--node-lease-duration-seconds=40",
			"--node-ip=127.0.0.1", "--cidr=10.200.0.0/16", "--server-address=" + s.Addr(kwok),
		},
		Ready: health.HTTP("http://"+s.Addr(kwok)+"/healthz", nil),
	}
}

// NodeName is the name of the i-th node.
func NodeName(i int) string { return fmt.Sprintf("node-%d", i) }

// Nodes are the machines that are not there.
func Nodes(count int) []kube.Object {
	var nodes []kube.Object
	for i := range count {
		name := NodeName(i)
		nodes = append(nodes, kube.Object{
			"apiVersion": "v1", "kind": "Node",
			"metadata": map[string]any{
				"name":   name,
				"labels": map[string]any{"kubernetes.io/hostname": name, "kubernetes.io/os": "linux", "kubernetes.io/arch": "amd64"},
			},
		})
	}
	return nodes
}

// StorageClass is the name of the class that the lab's volumes belong to.
const StorageClass = "standard"

// Volumes are empty volumes that the volume controller binds to claims of the
// default class: a claim of up to a terabyte is bound at once, and its
// volume is kept when the claim goes.
func Volumes(count int) []kube.Object {
	objects := []kube.Object{{
		"apiVersion": "storage.k8s.io/v1", "kind": "StorageClass",
		"metadata": map[string]any{
			"name":        StorageClass,
			"annotations": map[string]any{"storageclass.kubernetes.io/is-default-class": "true"},
		},
		"provisioner": "kubernetes.io/no-provisioner", "volumeBindingMode": "Immediate", "reclaimPolicy": "Retain",
	}}
	for i := range count {
		objects = append(objects, kube.Object{
			"apiVersion": "v1", "kind": "PersistentVolume",
			"metadata": map[string]any{"name": fmt.Sprintf("volume-%03d", i)},
			"spec": map[string]any{
				"storageClassName": StorageClass, "persistentVolumeReclaimPolicy": "Retain",
				"capacity":    map[string]any{"storage": "1Ti"},
				"accessModes": []any{"ReadWriteOnce", "ReadWriteMany", "ReadOnlyMany"},
				"hostPath":    map[string]any{"path": "/nonexistent"},
			},
		})
	}
	return objects
}
