package shape

import (
	"fmt"
	"sync"

	"k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"

	"github.com/gatorcloud/sluice/renderer/model/fault"
)

// standards judges pods with Kubernetes' own code.
var standards = sync.OnceValues(func() (policy.Evaluator, error) { return policy.NewEvaluator(policy.DefaultChecks()) })

// Security says why the pods of an object are refused in a namespace that
// enforces a pod security standard: restricted, baseline or privileged. It is
// empty when they are not, or when there are none.
func Security(o *Object, level string) (string, error) {
	if o.Pod == nil {
		return "", nil
	}
	evaluator, err := standards()
	if err != nil {
		return "", fmt.Errorf("reading the pod security standards: %w", err)
	}
	at, err := api.ParseLevel(level)
	if err != nil {
		return "", fault.Hintf("write restricted, baseline or privileged", "there is no pod security standard %q", level)
	}
	result := policy.AggregateCheckResults(evaluator.EvaluatePod(api.LevelVersion{Level: at, Version: api.LatestVersion()}, &o.Pod.ObjectMeta, &o.Pod.Spec))
	if result.Allowed {
		return "", nil
	}
	return result.ForbiddenDetail(), nil
}
