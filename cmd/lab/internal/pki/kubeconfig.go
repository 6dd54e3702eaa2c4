package pki

import (
	"encoding/json"
	"fmt"
)

// Access is what a kubeconfig holds.
type Access struct {
	// Server is the API's URL.
	Server string
	// Authority is the certificate that signed the server's.
	Authority []byte
	// Client speaks for the user.
	Client Pair
	// Namespace is the one that commands without a namespace mean.
	Namespace string
}

type named struct {
	Name    string `json:"name"`
	Cluster any    `json:"cluster,omitempty"`
	User    any    `json:"user,omitempty"`
	Context any    `json:"context,omitempty"`
}

// Kubeconfig encodes the access. The result is JSON, which is YAML too, and holds the key: keep it private.
func Kubeconfig(a Access) ([]byte, error) {
	const name = "lab"
	data, err := json.MarshalIndent(map[string]any{
		"apiVersion":      "v1",
		"kind":            "Config",
		"current-context": name,
		"clusters": []named{{Name: name, Cluster: map[string]any{
			"server": a.Server, "certificate-authority-data": a.Authority,
		}}},
		"users": []named{{Name: name, User: map[string]any{
			"client-certificate-data": a.Client.Cert, "client-key-data": a.Client.Key,
		}}},
		"contexts": []named{{Name: name, Context: map[string]any{
			"cluster": name, "user": name, "namespace": a.Namespace,
		}}},
	}, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("encoding a kubeconfig: %w", err)
	}
	return append(data, '\n'), nil
}
