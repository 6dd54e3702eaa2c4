//go:build e2e

package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/gatorcloud/sluice/cmd/lab/internal/kube"
)

// refusal is a policy by which the API server refuses the pods of one image tag
// in some namespaces: what a version is that fails for some tenants only. The
// namespace default is in it too, so that one can see when it is in force.
const refusal = `
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {name: %[1]s}
spec:
  matchConstraints: {resourceRules: [{apiGroups: [""], apiVersions: [v1], operations: [CREATE], resources: [pods]}]}
  validations:
  - expression: '!(request.namespace in %[2]s) || !object.spec.containers.exists(c, c.image.endsWith(":%[3]s"))'
    message: refused by %[1]s
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata: {name: %[1]s}
spec: {policyName: %[1]s, validationActions: [Deny]}
`

// refuse refuses pods of an image tag until the returned function is called.
func (s *site) refuse(tag string, namespaces ...string) (allow func()) {
	s.t.Helper()
	name := s.name + "-" + tag
	list, err := json.Marshal(append([]string{"default"}, namespaces...))
	if err != nil {
		s.t.Fatal(err)
	}
	text := fmt.Sprintf(refusal, name, list, tag)
	objects, err := kube.Decode([]byte(text))
	if err != nil {
		s.t.Fatal(err)
	}
	remove := func() {
		for _, o := range objects {
			_ = s.client.Delete(context.Background(), o.Ref())
		}
	}
	s.t.Cleanup(remove)
	s.apply(text)
	s.denied(s.t, s.client, fmt.Sprintf("apiVersion: v1\nkind: Pod\nmetadata: {name: %s, namespace: default}\nspec: {containers: [{name: x, image: \"x:%s\"}]}\n", name, tag), "refused by "+name)
	s.log.Mark(time.Now(), "refused pods of %s", tag)
	return func() {
		remove()
		s.retried(namespaces)
		s.log.Mark(time.Now(), "allowed pods of %s", tag)
	}
}

// retried lets ReplicaSets try again whose pods were refused: by themselves they
// wait ever longer.
func (s *site) retried(namespaces []string) {
	s.t.Helper()
	sets, _, err := s.client.List(s.t.Context(), kube.Ref{APIVersion: "apps/v1", Kind: "ReplicaSet"})
	if err != nil {
		s.t.Fatal(err)
	}
	for _, set := range sets {
		if slices.Contains(namespaces, set.Ref().Namespace) {
			if err := s.client.Merge(s.t.Context(), set.Ref(), `{"metadata":{"annotations":{"lab.gatorcloud.io/again":"true"}}}`); err != nil {
				s.t.Fatal(err)
			}
		}
	}
}
