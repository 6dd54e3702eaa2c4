package manifest

import (
	"fmt"
	"strings"

	"github.com/gatorcloud/sluice/renderer/model/ident"
)

// Labels, annotations and options that sluice puts on objects or reads from them.
const (
	LabelTenant      = "gatorcloud.io/tenant"
	LabelProduct     = "gatorcloud.io/product"
	LabelVersion     = "gatorcloud.io/version"
	LabelComponent   = "gatorcloud.io/component"
	LabelRing        = "gatorcloud.io/ring"
	LabelEnvironment = "gatorcloud.io/environment"
	LabelState       = "gatorcloud.io/state"
	LabelLevel       = "gatorcloud.io/level"

	AnnotationSoak     = "gatorcloud.io/soak"               // seconds, in trees of the first edition
	AnnotationTolerate = "gatorcloud.io/tolerate-unhealthy" // tenants
	AnnotationApproval = "gatorcloud.io/approval"           // "required", in trees of the first edition
	AnnotationAsks     = "gatorcloud.io/asks"               // "approval": a person is asked before the next ring
	// AnnotationAutoscaler marks an autoscaler that is there only while its target should run.
	AnnotationAutoscaler = "gatorcloud.io/autoscaler"

	// AnnotationCode and AnnotationDomain say on a tenant's namespace what its hosts
	// are made of: admission holds its routes to that.
	AnnotationCode   = "gatorcloud.io/code"
	AnnotationDomain = "gatorcloud.io/domain"

	AnnotationWave        = "argocd.argoproj.io/sync-wave"
	AnnotationSyncOptions = "argocd.argoproj.io/sync-options"
	AnnotationPaths       = "argocd.argoproj.io/manifest-generate-paths"
	AnnotationLocal       = "config.kubernetes.io/local-config"
	Finalizer             = "resources-finalizer.argocd.argoproj.io"
)

// Waves of the levels; buckets of shared components add to WaveShared. All
// slices of a fleet are in one wave, and so are all products of a tenant: the
// order of versions across them is not Argo CD's, it stands in rollouts.yaml.
const (
	WaveNamespace = -10
	WaveShared    = 0
	WaveRings     = 100
	WaveProducts  = 100
)

// NamespaceOf returns a tenant's namespace.
func NamespaceOf(prefix string, id ident.Tenant) string { return prefix + id.String() }

// IsNamespaceOf reports whether a namespace can be a tenant's: a prefix that ends
// in a dash, and the whole id. Which prefix it is the environment says, and with
// it the Application's parent and the admission policy.
func IsNamespaceOf(namespace string, id ident.Tenant) bool {
	prefix, found := strings.CutSuffix(namespace, id.String())
	return found && len(prefix) > 1 && strings.HasSuffix(prefix, "-") && !strings.HasPrefix(namespace, "kube-")
}

// SharedNamespace returns the namespace of an environment's shared components.
func SharedNamespace(env ident.Environment) string { return env.String() + "-shared" }

// AppFleet returns the name of the fleet's Application.
func AppFleet(env ident.Environment) string { return env.String() }

// AppRing returns the name of a ring's or batch's Application.
func AppRing(env ident.Environment, batch Batch) string { return env.String() + "-" + batch.String() }

// AppTenant returns the name of a tenant's Application.
func AppTenant(env ident.Environment, id ident.Tenant) string {
	return env.String() + "-" + id.String()
}

// AppProduct returns the name of the Application of a tenant's product.
func AppProduct(env ident.Environment, id ident.Tenant, p ident.Product) string {
	return AppTenant(env, id) + "-" + p.String()
}

// AppShared returns the name of the Application of an environment-shared component.
func AppShared(env ident.Environment, c ident.Component) string {
	return env.String() + "-shared-" + c.String()
}

// Batch is a ring, or one of the 2^Bits slices of a ring. Slices are named by
// the leading bits of a hash of the tenant id, so that a batch that is split
// hands half of its tenants on and keeps the other half.
type Batch struct {
	Ring  ident.Ring
	Bits  int // 0 for a ring in one piece, at most 16
	Index int // 0 to 2^Bits-1
}

// BatchOf returns the slice of a ring, cut by bits, that has a place.
func BatchOf(ring ident.Ring, bits int, place uint32) Batch {
	return Batch{Ring: ring, Bits: bits, Index: int(uint64(place) >> (32 - bits))}
}

// String returns "<ring>" or "<ring>-<hex index>".
func (b Batch) String() string {
	if b.Bits == 0 {
		return b.Ring.String()
	}
	return fmt.Sprintf("%s-%0*x", b.Ring, b.digits(), b.Index)
}

// digits is 2 up to 256 batches, 4 above.
func (b Batch) digits() int {
	if b.Bits <= 8 {
		return 2
	}
	return 4
}

// Dir returns the batch's directory below rings/ or its file name stem below
// fleet/rings/. More than 256 batches are folded into two levels, so that no
// tree has more entries than that.
func (b Batch) Dir() string {
	if b.Bits <= 8 {
		return b.String()
	}
	return fmt.Sprintf("%s-%02x/%02x", b.Ring, b.Index>>8, b.Index&0xff)
}
