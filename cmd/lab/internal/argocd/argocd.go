// Package argocd describes Argo CD as bare processes of a lab: Redis, the
// repo-server, the application and ApplicationSet controllers, the API server
// and the plugin servers, and the objects that they expect in the cluster.
//
// It says how each is run and when it is ready; it starts nothing. Settings
// that the installation of Argo CD takes from the ConfigMap
// argocd-cmd-params-cm reach bare processes as flags and environment only.
package argocd

import (
	"net"
	"strconv"
	"time"

	"github.com/gatorcloud/sluice/cmd/lab/internal/health"
	"github.com/gatorcloud/sluice/cmd/lab/internal/pki"
	"github.com/gatorcloud/sluice/cmd/lab/internal/process"
	"github.com/gatorcloud/sluice/cmd/lab/internal/site"
)

// Namespace is where Argo CD's objects live.
const Namespace = "argocd"

// Names of the components that scenarios end and start.
const (
	RedisName         = "redis"
	RepoServerName    = "repo-server"
	ControllerName    = "application-controller"
	ApplicationSetter = "applicationset-controller"
	ServerName        = "server"
)

// Settings are what scenarios vary. The zero value is a fast and strict lab.
type Settings struct {
	// WaveDelay is the pause after each wave, in whole seconds. It runs inside
	// the controller's worker; Argo CD's own default is 2 s.
	WaveDelay time.Duration
	// Resync is how often every Application is compared with Git; zero means 20 s.
	Resync time.Duration
	// RevisionCache is how long the commit of a branch is believed; zero means 1 s, Argo CD's default is 3 min.
	RevisionCache time.Duration
	// TarExclude are the globs of files that plugins are not sent; empty means .git and everything in it.
	TarExclude []string
	// WholeRepository sends plugins the whole repository, whatever manifest-generate-paths says.
	WholeRepository bool
	// Parallelism bounds the concurrent manifest generations of the repo-server; zero is no bound.
	Parallelism int
	// LogLevel is debug, info (when empty), warn or error.
	LogLevel string
	// Config is merged into the ConfigMap argocd-cm: health checks, actions, anything.
	Config map[string]string
	// RepoServerPostStart is the hook of the repo-server's container.
	RepoServerPostStart []string
	// Env is added to the environment of every process of Argo CD.
	Env []string
}

func (s Settings) resync() time.Duration        { return or(s.Resync, 20*time.Second) }
func (s Settings) revisionCache() time.Duration { return or(s.RevisionCache, time.Second) }
func (s Settings) logLevel() string             { return or(s.LogLevel, "info") }

func (s Settings) tarExclude() []string {
	if len(s.TarExclude) == 0 {
		return []string{".git", ".git/**"}
	}
	return s.TarExclude
}

func or[T comparable](value, otherwise T) T {
	var zero T
	if value == zero {
		return otherwise
	}
	return value
}

// Identities are the service accounts that processes act as, by the name of the kubeconfig.
func Identities() map[string]pki.Identity {
	ids := map[string]pki.Identity{}
	for _, account := range []string{"argocd-application-controller", "argocd-applicationset-controller", "argocd-server"} {
		ids[account] = pki.ServiceAccount(Namespace, account)
	}
	return ids
}

// Redis caches manifests and states; it is the system's own program and keeps nothing on disk.
func Redis(s site.Site) process.Component {
	return process.Component{
		Name: RedisName, Path: s.Programs["redis-server"], Env: s.Env(), Dir: s.Path(site.Redis),
		Args: []string{
			"--port", strconv.Itoa(s.Ports["redis"]), "--bind", "127.0.0.1",
			"--save", "", "--appendonly", "no", "--dir", s.Path(site.Redis),
		},
		Ready: health.Redis(s.Addr("redis")),
	}
}

// RepoServer clones, generates manifests and calls plugins.
func RepoServer(s site.Site, set Settings) process.Component {
	args := []string{
		"--address=127.0.0.1", "--port=" + port(s, "repo-server"),
		"--metrics-address=127.0.0.1", "--metrics-port=" + port(s, "repo-server-metrics"),
		"--redis=" + s.Addr("redis"), "--revision-cache-expiration=" + set.revisionCache().String(),
		"--parallelismlimit=" + strconv.Itoa(set.Parallelism), "--loglevel=" + set.logLevel(),
		"--plugin-use-manifest-generate-paths=" + strconv.FormatBool(!set.WholeRepository),
	}
	for _, glob := range set.tarExclude() {
		args = append(args, "--plugin-tar-exclude="+glob)
	}
	return process.Component{
		Name: RepoServerName, Path: s.Programs["argocd-repo-server"], Dir: s.Path(site.Argo), Args: args,
		Env: environment(s, set), PostStart: set.RepoServerPostStart,
		Ready: health.HTTP("http://"+s.Addr("repo-server-metrics")+"/healthz", nil),
	}
}

// Controller compares Applications with the cluster and syncs them.
func Controller(s site.Site, set Settings) process.Component {
	return process.Component{
		Name: ControllerName, Path: s.Programs["argocd-application-controller"], Dir: s.Path(site.Argo),
		Args: []string{
			"--kubeconfig=" + s.Kubeconfig("argocd-application-controller"), "--namespace=" + Namespace,
			"--repo-server=" + s.Addr("repo-server"), "--redis=" + s.Addr("redis"),
			"--metrics-port=" + port(s, "application-controller-metrics"), "--loglevel=" + set.logLevel(),
			"--app-resync=" + seconds(set.resync()), "--persist-resource-health=true",
		},
		Env: environment(s, set,
			"KUBECONFIG="+s.Kubeconfig("argocd-application-controller"),
			"ARGOCD_SYNC_WAVE_DELAY="+seconds(set.WaveDelay),
			// An operation has no time limit; the flag exists since 2.14 only and the variable is harmless elsewhere.
			"ARGOCD_APPLICATION_CONTROLLER_SYNC_TIMEOUT=0",
		),
		Ready: health.HTTP("http://"+s.Addr("application-controller-metrics")+"/healthz", nil),
	}
}

// ApplicationSetController generates Applications from ApplicationSets.
func ApplicationSetController(s site.Site, set Settings) process.Component {
	file := s.Kubeconfig("argocd-applicationset-controller")
	return process.Component{
		Name: ApplicationSetter, Path: s.Programs["argocd-applicationset-controller"], Dir: s.Path(site.Argo),
		Args: []string{
			"--kubeconfig=" + file, "--namespace=" + Namespace, "--argocd-repo-server=" + s.Addr("repo-server"),
			"--metrics-addr=" + s.Addr("applicationset-metrics"), "--probe-addr=" + s.Addr("applicationset-probe"),
			"--webhook-addr=" + s.Addr("applicationset-webhook"), "--loglevel=" + set.logLevel(),
			"--enable-progressive-syncs",
		},
		Env:   environment(s, set, "KUBECONFIG="+file, "NAMESPACE="+Namespace),
		Ready: health.HTTP("http://"+s.Addr("applicationset-metrics")+"/metrics", nil),
	}
}

// Server is the API server. It speaks plain HTTP and gRPC on one loopback
// port; passwords are asked for, so that the command line is used as in life.
func Server(s site.Site, set Settings) process.Component {
	file := s.Kubeconfig("argocd-server")
	return process.Component{
		Name: ServerName, Path: s.Programs["argocd-server"], Dir: s.Path(site.Argo),
		Args: []string{
			"--kubeconfig=" + file, "--namespace=" + Namespace, "--insecure",
			"--address=127.0.0.1", "--port=" + port(s, "server"),
			"--metrics-address=127.0.0.1", "--metrics-port=" + port(s, "server-metrics"),
			"--repo-server=" + s.Addr("repo-server"), "--redis=" + s.Addr("redis"),
			"--staticassets=" + s.Path(site.Argo), "--dex-server=http://127.0.0.1:1", "--loglevel=" + set.logLevel(),
		},
		Env:   environment(s, set, "KUBECONFIG="+file),
		Ready: health.HTTP("http://"+s.Addr("server")+"/healthz", nil),
	}
}

// environment keeps every file of Argo CD inside the lab. The destination
// https://kubernetes.default.svc is the cluster of the process's KUBECONFIG.
func environment(s site.Site, set Settings, extra ...string) []string {
	dir := s.Path(site.Argo)
	env := s.Env(
		"ARGOCD_FAKE_IN_CLUSTER=true", "ARGOCD_GPG_ENABLED=false",
		"ARGOCD_TLS_DATA_PATH="+dir, "ARGOCD_SSH_DATA_PATH="+dir, "ARGOCD_GPG_DATA_PATH="+dir, "ARGOCD_GNUPGHOME="+dir,
		"ARGOCD_ASK_PASS_SOCK="+s.Sockets+"/ask", "ARGOCD_PLUGINSOCKFILEPATH="+s.Sockets,
	)
	return append(append(env, extra...), set.Env...)
}

func port(s site.Site, name string) string {
	_, number, _ := net.SplitHostPort(s.Addr(name))
	return number
}

func seconds(d time.Duration) string { return strconv.Itoa(int(d / time.Second)) }
