package health_test

import (
	"testing"

	"github.com/argoproj/argo-cd/v2/util/lua"
	engine "github.com/argoproj/gitops-engine/pkg/health"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// What Argo CD's own check says weeks after an object changed, and what ours
// says. "" is no check: such an object is never waited for, though what comes
// after it may need it. An update of Argo CD that gives one of these an end
// makes a check of ours superfluous.
func TestStockChecksHaveNoEnd(t *testing.T) {
	for name, tc := range map[string]struct{ stock, ours engine.HealthStatusCode }{
		"Service/testdata/stuck.yaml":                                            {engine.HealthStatusProgressing, engine.HealthStatusDegraded},
		"networking.k8s.io/Ingress/testdata/stuck.yaml":                          {engine.HealthStatusProgressing, engine.HealthStatusDegraded},
		"apiregistration.k8s.io/APIService/testdata/stuck.yaml":                  {engine.HealthStatusProgressing, engine.HealthStatusDegraded},
		"autoscaling/HorizontalPodAutoscaler/testdata/stuck.yaml":                {engine.HealthStatusProgressing, engine.HealthStatusDegraded},
		"apiextensions.k8s.io/CustomResourceDefinition/testdata/no-status.yaml":  {"", engine.HealthStatusDegraded},
		"apiextensions.k8s.io/CustomResourceDefinition/testdata/installing.yaml": {"", engine.HealthStatusProgressing},
		"cert-manager.io/testdata/stuck.yaml":                                    {engine.HealthStatusProgressing, engine.HealthStatusDegraded},
		"external-secrets.io/testdata/stuck.yaml":                                {engine.HealthStatusProgressing, engine.HealthStatusDegraded},
		"bitnami.com/SealedSecret/testdata/stuck.yaml":                           {engine.HealthStatusProgressing, engine.HealthStatusDegraded},
		"keda.sh/testdata/stuck.yaml":                                            {engine.HealthStatusProgressing, engine.HealthStatusDegraded},
		"keda.sh/testdata/paused.yaml":                                           {engine.HealthStatusSuspended, engine.HealthStatusHealthy},
		"apps.kruise.io/CloneSet/testdata/stuck.yaml":                            {engine.HealthStatusSuspended, engine.HealthStatusDegraded},
		"apps.kruise.io/CloneSet/testdata/unseen-by-the-controller.yaml":         {engine.HealthStatusProgressing, engine.HealthStatusDegraded},
		"argoproj.io/Rollout/testdata/stuck.yaml":                                {engine.HealthStatusSuspended, engine.HealthStatusDegraded},
		"argoproj.io/Rollout/testdata/unseen-by-the-controller.yaml":             {engine.HealthStatusProgressing, engine.HealthStatusDegraded},
		"batch/Job/testdata/suspended-by-condition.yaml":                         {engine.HealthStatusSuspended, engine.HealthStatusDegraded},
		"batch/Job/testdata/stuck.yaml":                                          {engine.HealthStatusProgressing, engine.HealthStatusDegraded},
		"apps/StatefulSet/testdata/stuck.yaml":                                   {engine.HealthStatusProgressing, engine.HealthStatusDegraded},
		"apps/DaemonSet/testdata/stuck.yaml":                                     {engine.HealthStatusProgressing, engine.HealthStatusDegraded},
		"PersistentVolumeClaim/testdata/provisioning-stuck.yaml":                 {engine.HealthStatusProgressing, engine.HealthStatusDegraded},
		"apisix.apache.org/testdata/not-served.yaml":                             {"", engine.HealthStatusDegraded},
	} {
		t.Run(name, func(t *testing.T) {
			obj := &unstructured.Unstructured{Object: load(t, name)}
			got, err := engine.GetResourceHealth(obj, lua.ResourceHealthOverrides{})
			if got == nil {
				got = &engine.HealthStatus{}
			}
			if err != nil || got.Status != tc.stock {
				t.Errorf("stock health = %+v, %v, want %q", got, err, tc.stock)
			}
			if ours := evaluate(t, vm(t), obj.Object); ours.Status != tc.ours {
				t.Errorf("our health = %+v, want %s", ours, tc.ours)
			}
		})
	}
}
