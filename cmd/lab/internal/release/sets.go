package release

import "strings"

// InstallFile is the manifest of an Argo CD release that holds everything a
// cluster needs to run it; it is kept beside the binaries under this name.
const InstallFile = "install.yaml"

// Sets returns every set, the default first.
func Sets() []Set {
	return []Set{
		{Name: "v2.14", Modules: []Module{kubernetes(), kwok(), argocd("argocd-2.14", "github.com/argoproj/argo-cd/v2")}},
		{Name: "v3", Modules: []Module{kubernetes(), kwok(), argocd("argocd-3.5", "github.com/argoproj/argo-cd/v3")}},
	}
}

func kubernetes() Module {
	return Module{
		Dir: "kubernetes-1.34", Main: "k8s.io/kubernetes", Stamp: stampKubernetes,
		Programs: []Program{
			{Name: "etcd", Package: "go.etcd.io/etcd/server/v3"},
			{Name: "kube-apiserver", Package: "k8s.io/kubernetes/cmd/kube-apiserver"},
			{Name: "kube-controller-manager", Package: "k8s.io/kubernetes/cmd/kube-controller-manager"},
			{Name: "kube-scheduler", Package: "k8s.io/kubernetes/cmd/kube-scheduler"},
		},
	}
}

// kwok 0.7 does not compile with the client libraries of Kubernetes 1.34, so
// kwok has a module of its own with older ones.
func kwok() Module {
	return Module{
		Dir: "kwok-0.6", Main: "sigs.k8s.io/kwok",
		Programs: []Program{{Name: "kwok", Package: "sigs.k8s.io/kwok/cmd/kwok"}},
	}
}

func argocd(dir, module string) Module {
	return Module{
		Dir: dir, Main: module,
		Stamp: func(version string) []string { return stampArgoCD(module, version) },
		Patch: loopbackMetrics(),
		Programs: []Program{{
			Name: "argocd", Package: module + "/cmd",
			Links: []string{
				"argocd-application-controller", "argocd-repo-server", "argocd-server",
				"argocd-applicationset-controller", "argocd-cmp-server", "argocd-git-ask-pass", "argocd-k8s-auth",
			},
		}},
	}
}

// loopbackMetrics moves the metrics port of the application controller to
// loopback: its address is a constant and the only port of a lab that other
// machines could reach. The script is run by Argo CD 3.5 before each checkout;
// the manifest holds the definitions and roles that the processes need.
func loopbackMetrics() *Patch {
	return &Patch{
		Skip: []string{"docs", "kustomize", "test"},
		File: "controller/appcontroller.go",
		Old:  `"0.0.0.0:%d"`, New: `"127.0.0.1:%d"`,
		Install: []string{"hack/git-verify-wrapper.sh", "manifests/" + InstallFile},
	}
}

// stampKubernetes fills what `kubectl version` reads; an API server without a
// version refuses feature gates and clients misjudge it.
func stampKubernetes(version string) []string {
	parts := strings.SplitN(strings.TrimPrefix(version, "v")+"..", ".", 3)
	var x []string
	for _, pkg := range []string{"k8s.io/component-base/version", "k8s.io/client-go/pkg/version"} {
		x = append(x,
			pkg+".gitVersion="+version,
			pkg+".gitMajor="+parts[0],
			pkg+".gitMinor="+parts[1],
			pkg+".gitTreeState=clean")
	}
	return x
}

// stampArgoCD leaves the v away: with it the API server refuses its own command line.
func stampArgoCD(module, version string) []string {
	return []string{
		module + "/common.version=" + strings.TrimPrefix(version, "v"),
		module + "/common.gitTreeState=clean",
	}
}
