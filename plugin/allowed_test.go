package plugin

import (
	"crypto/sha256"
	"testing"
)

// What passed is remembered for where it went, and nothing else passes with it.
func TestAllowedElsewhereIsNotAllowed(t *testing.T) {
	const doc = `apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata:
  name: x
  namespace: tenant-1
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: Role
  name: x
subjects:
- kind: ServiceAccount
  name: x
  namespace: tenant-1
`
	o := object{apiVersion: "rbac.authorization.k8s.io/v1", kind: "RoleBinding", name: "x", namespace: "tenant-1"}
	a := &allowed{}
	at := func(namespace string) error { return rules{namespace: namespace, allowed: a}.authority(o, []byte(doc)) }
	for range 2 {
		if err := at("tenant-1"); err != nil {
			t.Errorf("a binding in its own namespace: %v", err)
		}
		if err := at("tenant-2"); err == nil {
			t.Error("a binding to another tenant's account passes, since it passed elsewhere")
		}
	}
	if len(a.known) != 1 {
		t.Errorf("%d are remembered, want the one that passed", len(a.known))
	}
	for i := range maxAllowed {
		a.add(sha256.Sum256([]byte{byte(i), byte(i >> 8), byte(i >> 16)}))
	}
	if len(a.known) > maxAllowed {
		t.Errorf("%d are remembered, at most %d may be", len(a.known), maxAllowed)
	}
}
