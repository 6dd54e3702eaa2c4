package argocd

import (
	"bytes"
	"crypto/x509"
	"net"

	"github.com/gatorcloud/sluice/renderer/model/fault"
)

// Where Kubernetes mounts the account of a pod.
const (
	accountToken = "/var/run/secrets/kubernetes.io/serviceaccount/token"
	accountCA    = "/var/run/secrets/kubernetes.io/serviceaccount/ca.crt"
)

// InCluster returns the access of the pod that this process runs in. Its token
// is replaced on disk every hour and read anew for each request.
func InCluster(getenv func(string) string, readFile func(string) ([]byte, error)) (Access, error) {
	host, port := getenv("KUBERNETES_SERVICE_HOST"), getenv("KUBERNETES_SERVICE_PORT")
	if host == "" || port == "" {
		return Access{}, fault.Hintf("name a kubeconfig, or run in a pod", "looking for the pod's own cluster: KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set")
	}
	const hint = "let the pod have its account's token: automountServiceAccountToken: true"
	ca, err := readFile(accountCA)
	if err != nil {
		return Access{}, fault.Hintf(hint, "reading the pod's certificate authority: %w", err)
	}
	a := Access{Server: "https://" + net.JoinHostPort(host, port), Authorities: x509.NewCertPool(), Renew: renew(accountToken, readFile)}
	if !a.Authorities.AppendCertsFromPEM(ca) {
		return Access{}, fault.Hintf(hint, "reading the pod's certificate authority: %q holds no certificate", accountCA)
	}
	if a.Token, err = a.Renew(); err != nil {
		return Access{}, fault.Hintf(hint, "reading the pod's token: %w", err)
	}
	return a, nil
}

// renew returns what reads a token from a file.
func renew(name string, readFile func(string) ([]byte, error)) func() (string, error) {
	return func() (string, error) {
		data, err := readFile(name)
		return string(bytes.TrimSpace(data)), err
	}
}
