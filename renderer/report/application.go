package report

import (
	"strings"
	"time"

	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/rollout"
)

// Application is what one Application of Argo CD shows.
type Application struct {
	Name string
	// Level is fleet, ring, tenant, base, product or shared.
	Level     string
	Tenant    ident.Tenant
	Product   ident.Product
	Ring      ident.Ring
	Component ident.Component
	// Asked is the version in its spec, Running the one that was deployed last;
	// of products and shared parts.
	Asked, Running ident.Version
	// Verdict is of what it asks for.
	Verdict rollout.Verdict
	// Sick says that workloads are not Healthy, at whatever version.
	Sick bool
	// Obstacle is what stands in its way, Says what Argo CD says of that and
	// Since since when: Refusal, Comparison, SyncFailed, Hanging, Syncing,
	// Differs or InObject; empty when it is proven.
	Obstacle Code
	Says     string
	Since    time.Time
	// Working says that an operation has been running since then.
	Working bool
	// Reconciled is when Argo CD looked last.
	Reconciled time.Time
	// Objects are those that are not healthy or were refused, by bucket.
	Objects []Object
	// Paused and Approved are what people said on the Application of a ring:
	// approved are swg=203 and the like.
	Paused   bool
	Approved []string
}

// Object is an object of an Application that is not as it should be.
type Object struct {
	Group, Kind, Namespace, Name string
	// Bucket is its sync wave: of a product the group, from 0.
	Bucket int
	// Health is Degraded, Progressing, Missing and the like; empty for one that
	// the API server did not take.
	Health string
	Says   string
}

// String returns kind and name, with the namespace if there is one.
func (o Object) String() string {
	if o.Namespace == "" {
		return o.Kind + " " + o.Name
	}
	return o.Kind + " " + o.Namespace + "/" + o.Name
}

// told bounds a text of others.
const told = 512

// Line makes a text of others one bounded line, which keeps nothing larger alive.
func Line(text string) string {
	text = strings.ToValidUTF8(strings.Join(strings.Fields(text), " "), "?")
	if len(text) > told {
		text = strings.ToValidUTF8(text[:told], "") + "..."
	}
	return strings.Clone(text)
}

// signs are what components of Kubernetes write of a cause, in lower case. The
// first that is found names it: a quota is also a refusal of admission.
var signs = []struct {
	text string
	code Code
}{
	{"exceeded quota", Quota}, {"failed quota", Quota},
	{"imagepullbackoff", Image}, {"errimagepull", Image}, {"errimageneverpull", Image}, {"invalidimagename", Image}, {"failed to pull image", Image},
	{"unbound immediate persistentvolumeclaims", Claim}, {"provisioningfailed", Claim}, {"failed to provision volume", Claim},
	{"failedmount", Claim}, {"failedattachvolume", Claim}, {"storageclass", Claim}, {"persistentvolumeclaim \"", Claim},
	{"crashloopbackoff", Crash}, {"createcontainererror", Crash}, {"runcontainererror", Crash},
	{"violates podsecurity", Admission}, {"admission webhook", Admission}, {"validatingadmissionpolicy", Admission}, {"is forbidden", Admission},
	{"nodes are available", Capacity}, {"no nodes available", Capacity},
	{"progress deadline", Deadline}, {"progressdeadlineexceeded", Deadline},
}

// CauseIn returns the cause that a message of a component of Kubernetes names;
// empty for none.
func CauseIn(message string) Code {
	message = strings.ToLower(message)
	for _, s := range signs {
		if strings.Contains(message, s.text) {
			return s.code
		}
	}
	return ""
}

// first returns the object that the others wait for.
func (a *Application) first() (Object, bool) {
	if len(a.Objects) == 0 {
		return Object{}, false
	}
	return a.Objects[0], true
}

// deepest returns the last code of the Application's own chain.
func (a *Application) deepest() Code {
	o, ok := a.first()
	if !ok || a.blind() {
		if c := CauseIn(a.Says); c != "" && !a.blind() {
			return c
		}
		return a.Obstacle
	}
	if c := CauseIn(o.Says); c != "" {
		return c
	}
	return InObject
}

// blind tells an obstacle of which the objects say nothing: theirs is the
// health of something else.
func (a *Application) blind() bool { return a.Obstacle == Refusal || a.Obstacle == Comparison }

// state is how bad the obstacle is.
func (a *Application) state() State {
	switch a.deepest() {
	case Syncing, Differs, Hanging, InObject:
		if a.Verdict == rollout.Degraded {
			return Bad
		}
		return Waiting
	}
	return Bad
}
