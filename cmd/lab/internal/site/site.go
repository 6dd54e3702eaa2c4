// Package site knows where one lab lives: its directory, its ports and the
// programs it runs. It is pure; it makes no file and opens no port.
package site

import (
	"path/filepath"
	"strings"

	"github.com/gatorcloud/sluice/cmd/lab/internal/ports"
)

// Site is one lab's place on the machine.
type Site struct {
	// Dir is the lab's directory, absolute.
	Dir string
	// Ports are the chosen ports by name.
	Ports map[string]int
	// Programs are the paths of the programs by name.
	Programs map[string]string
	// Sockets is the folder of the plugins' sockets. It need not be below Dir:
	// the path of a socket may have 107 bytes.
	Sockets string
	// Search is the PATH for what the components themselves run.
	Search string
}

// Folders of a lab, relative to its directory.
const (
	PKI     = "pki"
	Logs    = "log"
	Records = "run"
	Etcd    = "etcd"
	Tenants = "tenants"
	Redis   = "redis"
	Git     = "git"
	Home    = "home"
	Temp    = "tmp"
	Plugins = "plugins"
	Argo    = "argocd"
	Bin     = "bin"
)

// Folders lists every folder that a lab makes.
func Folders() []string {
	return []string{PKI, Logs, Records, Etcd, Tenants, Redis, Git, Home, Temp, Plugins, Argo, Bin}
}

// PortNames returns the names of the ports that a lab needs.
func PortNames() []string {
	return []string{
		"etcd", "etcd-peer", "tenant-etcd", "tenant-etcd-peer", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kwok", "redis", "git",
		"repo-server", "repo-server-metrics", "application-controller-metrics", "server", "server-metrics",
		"applicationset-metrics", "applicationset-probe", "applicationset-webhook",
	}
}

// Path is a path inside the lab's directory.
func (s Site) Path(elem ...string) string {
	return filepath.Join(append([]string{s.Dir}, elem...)...)
}

// Addr is host:port of the named port.
func (s Site) Addr(port string) string { return ports.Address(s.Ports[port]) }

// Kubeconfig is the file with the access of one identity.
func (s Site) Kubeconfig(identity string) string { return s.Path(PKI, identity+".kubeconfig") }

// Env is the whole environment of a component: nothing of the caller's but
// the search path gets in, so a lab behaves the same wherever it is started.
func (s Site) Env(extra ...string) []string {
	env := []string{
		"HOME=" + s.Path(Home),
		"TMPDIR=" + s.Path(Temp),
		"PATH=" + s.searchPath(),
		"LANG=C.UTF-8",
		"TZ=UTC",
		"NO_PROXY=127.0.0.1,localhost", "no_proxy=127.0.0.1,localhost",
		"GIT_CONFIG_NOSYSTEM=1", "GIT_TERMINAL_PROMPT=0",
	}
	return append(env, extra...)
}

// searchPath puts the cached programs first: Argo CD runs helpers of its own by name.
func (s Site) searchPath() string {
	var dirs []string
	if argocd := s.Programs["argocd"]; argocd != "" {
		dirs = append(dirs, filepath.Dir(argocd))
	}
	if s.Search != "" {
		dirs = append(dirs, s.Search)
	}
	return strings.Join(dirs, string(filepath.ListSeparator))
}
