package report

import (
	"context"
	"time"
)

// Cluster looks behind an object of a destination: at what it owns, and what
// was said of that.
type Cluster interface {
	// Cause returns what keeps an object from being healthy; a zero Cause when
	// nothing says so.
	Cause(ctx context.Context, o Object) (Cause, error)
}

// Cause is what stands behind an object.
type Cause struct {
	Code Code
	// Object is the deepest that says so: the quota stands on the ReplicaSet,
	// the image on the pod.
	Object string
	Says   string
	Since  time.Time
	// Command shows more of it.
	Command string
}

// Deepen adds to a chain what a cluster says of the object at its end. A
// cluster that does not answer is a source that is missing, and no error.
func (w *Why) Deepen(ctx context.Context, c Cluster, now time.Time) {
	if w.object == nil {
		return
	}
	cause, err := c.Cause(ctx, *w.object)
	if err != nil {
		w.Unseen(Targets, err)
		return
	}
	w.source(Source{Name: Targets, At: moment(now)})
	if cause.Code == "" {
		return
	}
	l := Link{Code: cause.Code, Sentence: cause.Code.Sentence(), Object: cause.Object, Since: moment(cause.Since), Command: cause.Command}
	if cause.Says != "" {
		l.Sentence += ": " + cause.Says
	}
	if w.Cause().Code == cause.Code {
		w.Links = w.Links[:len(w.Links)-1] // the same, said nearer to where it is
	}
	w.Links = append(w.Links, l)
}

// Unseen tells that a source did not answer.
func (w *Why) Unseen(source string, err error) { w.source(Source{Name: source, Missing: err.Error()}) }

func (w *Why) source(s Source) {
	for i := range w.Sources {
		if w.Sources[i].Name == s.Name {
			w.Sources[i] = s
		}
	}
}
