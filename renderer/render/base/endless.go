package base

import (
	"slices"
	"strings"
)

// endless reports whether Argo CD may wait for ever for objects of a group: it
// has a check of its own for kinds of the group, in 2.14 or 3.x, and sluice has
// none with a deadline. No version may hold one: it would hold its ring. Those
// that plugin/health checks are in soundKinds.
func endless(group string) bool {
	return slices.ContainsFunc(endlessGroups(), func(g string) bool {
		return g == group || strings.HasPrefix(g, ".") && strings.HasSuffix(group, g)
	})
}

// endlessGroups are sorted; one that begins with a dot is the end of many.
func endlessGroups() []string {
	return []string{
		"acid.zalan.do", "addons.cluster.x-k8s.io", "apps.3scale.net", "apps.kruise.io", "apps.openshift.io", "argoproj.io",
		"astra.netapp.io", "beat.k8s.elastic.co", "camel.apache.org", "capabilities.3scale.net", "cassandra.rook.io",
		"cdi.kubevirt.io", "ceph.rook.io", "certmanager.k8s.io", "clickhouse-keeper.altinity.com", "clickhouse.altinity.com",
		"cluster.x-k8s.io", "controlplane.cluster.x-k8s.io", "coralogix.com", "core.gardener.cloud", "core.humio.com",
		"core.spinkube.dev", "datadoghq.com", "db.atlasgo.io", "elasticsearch.k8s.elastic.co", "external-secrets.io", "flagger.app",
		"flink.apache.org", "game.kruise.io", "gateway.networking.k8s.io", "gateway.solo.io", "gloo.solo.io",
		"grafana-org-operator.kubitus-project.gitlab.io", "grafana.integreatly.org", "helm.toolkit.fluxcd.io",
		"iammanager.keikoproj.io", "image.toolkit.fluxcd.io", "install.istio.io", "jaegertracing.io", "k8s.keycloak.org",
		"k8s.mariadb.com", "kafka.banzaicloud.io", "kafka.strimzi.io", "karpenter.k8s.aws", "karpenter.sh", "kiali.io",
		"kubernetes-client.io", "kubevirt.io", "kustomize.toolkit.fluxcd.io", "kyverno.io", "lifecycle.keptn.sh",
		"logstash.k8s.elastic.co", "mariadb.mmontes.io", "metrics.keptn.sh", "microgateway.airlock.com", "minio.min.io",
		"monitoring.coreos.com", "networking.gke.io", "nmstate.io", "notification.toolkit.fluxcd.io", "numaflow.numaproj.io",
		"numaplane.numaproj.io", "objectbucket.io", "ocs.openshift.io", "onepassword.com", "openfaas.com", "opentelemetry.io",
		"operator.knative.dev", "operator.openshift.io", "operator.victoriametrics.com", "operators.coreos.com",
		"platform.confluent.io", "policy.open-cluster-management.io", "postgresql.cnpg.io", "proclaim.dogmatiq.io",
		"projectcontour.io", "promoter.argoproj.io", "psmdb.percona.com", "pulumi.com", "pxc.percona.com", "rabbitmq.com",
		"rollouts.kruise.io", "route.openshift.io", "services.cloud.sap.com", "serving.knative.dev", "serving.kserve.io",
		"snapshot.storage.k8s.io", "solr.apache.org", "source.toolkit.fluxcd.io", "sparkoperator.k8s.io", "spot.io",
		"tower.ansible.com", "trident.netapp.io", "work.karmada.io", "zookeeper.pravega.io", ".cnrm.cloud.google.com",
		".crossplane.io", ".services.k8s.aws", ".upbound.io",
	}
}
