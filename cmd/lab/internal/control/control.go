// Package control describes the control plane of a lab: etcd, the API server,
// the controller manager, the scheduler, and kwok in place of kubelets.
//
// It says how each is run and when it is ready, and which objects make the
// cluster usable (nodes, volumes). It starts nothing.
package control

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net"
	"os"
	"time"

	"github.com/gatorcloud/sluice/cmd/lab/internal/health"
	"github.com/gatorcloud/sluice/cmd/lab/internal/pki"
	"github.com/gatorcloud/sluice/cmd/lab/internal/process"
	"github.com/gatorcloud/sluice/cmd/lab/internal/site"
)

// Names of the identities that a control plane needs, and of its files.
const (
	Admin     = "admin"
	manager   = "kube-controller-manager"
	scheduler = "kube-scheduler"
	kwok      = "kwok"

	authorityFile  = "ca.crt"
	serverCert     = "server.crt"
	serverKey      = "server.key"
	tokenKey       = "token.key"
	tokenPublicKey = "token.pub"
	stagesFile     = "stages.yaml"
)

// serviceNetwork is a range that nothing listens in: a lab has no pods.
const serviceNetwork = "10.96.0.0/16"

// ServiceIP is the address that the API server has inside the cluster.
func ServiceIP() net.IP { return net.IPv4(10, 96, 0, 1) }

// Identities are who needs a kubeconfig, by the name of the file.
func Identities() map[string]pki.Identity {
	masters := []string{"system:masters"}
	return map[string]pki.Identity{
		Admin:     {User: "admin", Groups: masters},
		manager:   {User: "system:kube-controller-manager"},
		scheduler: {User: "system:kube-scheduler"},
		kwok:      {User: "kwok", Groups: masters},
	}
}

// Files are what the components read, by name below the folder of keys.
func Files(authority, server pki.Pair, private, public []byte) map[string][]byte {
	return map[string][]byte{
		authorityFile: authority.Cert, serverCert: server.Cert, serverKey: server.Key,
		tokenKey: private, tokenPublicKey: public, stagesFile: stages,
	}
}

// TenantEtcdName is the component that stores authorisations.
const TenantEtcdName = "tenant-etcd"

// Etcd stores the cluster.
func Etcd(s site.Site) process.Component { return etcd(s, "etcd", site.Etcd) }

// TenantEtcd stores authorisations: a store of its own, as in life, so that a
// scenario can kill it without killing the cluster.
func TenantEtcd(s site.Site) process.Component { return etcd(s, TenantEtcdName, site.Tenants) }

// etcd skips fsync: a lab survives the death of a process, not of the machine.
func etcd(s site.Site, name, folder string) process.Component {
	client, peer := "http://"+s.Addr(name), "http://"+s.Addr(name+"-peer")
	return process.Component{
		Name: name, Path: s.Programs["etcd"], Env: s.Env(), Dir: s.Dir,
		Args: []string{
			"--data-dir=" + s.Path(folder), "--unsafe-no-fsync", "--log-level=warn",
			"--listen-client-urls=" + client, "--advertise-client-urls=" + client,
			"--listen-peer-urls=" + peer, "--initial-advertise-peer-urls=" + peer,
			"--initial-cluster=default=" + peer,
		},
		Ready: health.HTTP(client+"/health", nil),
	}
}

// APIServer serves the Kubernetes API; identities come from client certificates only.
func APIServer(s site.Site) process.Component {
	key := func(name string) string { return s.Path(site.PKI, name) }
	return process.Component{
		Name: "kube-apiserver", Path: s.Programs["kube-apiserver"], Env: s.Env(), Dir: s.Dir,
		Args: append(listen(s, "kube-apiserver"),
			"--advertise-address=127.0.0.1", "--endpoint-reconciler-type=none",
			"--etcd-servers=http://"+s.Addr("etcd"),
			"--client-ca-file="+key(authorityFile), "--authorization-mode=RBAC",
			"--service-account-key-file="+key(tokenPublicKey),
			"--service-account-signing-key-file="+key(tokenKey),
			"--service-account-issuer=https://kubernetes.default.svc.cluster.local",
			"--service-cluster-ip-range="+serviceNetwork,
			"--enable-priority-and-fairness=false", "--profiling=false",
		),
		Ready: secure(s, "kube-apiserver", "/readyz"), Within: 3 * time.Minute,
	}
}

// ControllerManager runs the controllers that turn Deployments into pods and bind volumes.
func ControllerManager(s site.Site) process.Component {
	return process.Component{
		Name: manager, Path: s.Programs[manager], Env: s.Env(), Dir: s.Dir,
		Args: append(append(listen(s, manager), delegated(s, manager)...),
			"--use-service-account-credentials=true",
			"--service-account-private-key-file="+s.Path(site.PKI, tokenKey),
			"--root-ca-file="+s.Path(site.PKI, authorityFile),
		),
		Ready: secure(s, manager, "/healthz"),
	}
}

// Scheduler binds pods to nodes.
func Scheduler(s site.Site) process.Component {
	return process.Component{
		Name: scheduler, Path: s.Programs[scheduler], Env: s.Env(), Dir: s.Dir,
		Args:  append(listen(s, scheduler), delegated(s, scheduler)...),
		Ready: secure(s, scheduler, "/healthz"),
	}
}

func listen(s site.Site, port string) []string {
	_, number, _ := net.SplitHostPort(s.Addr(port))
	return []string{
		"--bind-address=127.0.0.1", "--secure-port=" + number,
		"--tls-cert-file=" + s.Path(site.PKI, serverCert),
		"--tls-private-key-file=" + s.Path(site.PKI, serverKey),
	}
}

// delegated lets a component ask the API server who its callers are; one
// replica needs no election, and without one it works at once after a crash.
func delegated(s site.Site, identity string) []string {
	file := s.Kubeconfig(identity)
	return []string{
		"--kubeconfig=" + file, "--authentication-kubeconfig=" + file, "--authorization-kubeconfig=" + file,
		"--leader-elect=false", "--profiling=false",
	}
}

// secure probes an endpoint that the lab's own authority vouches for. The
// authority is read at each try: the keys may be made after the probe.
func secure(s site.Site, port, path string) health.Probe {
	return func(ctx context.Context) error {
		data, err := os.ReadFile(s.Path(site.PKI, authorityFile))
		if err != nil {
			return err
		}
		pool := x509.NewCertPool()
		pool.AppendCertsFromPEM(data)
		return health.HTTP("https://"+s.Addr(port)+path, &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12})(ctx)
	}
}
