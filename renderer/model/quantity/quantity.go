// Package quantity reads Kubernetes quantities that people write: sizes of
// disks and bounds of namespaces. It has Kubernetes' own grammar but for
// exponents, and its own idea of what is reasonable, for every place where a
// quantity is written.
package quantity

import (
	"errors"
	"regexp"

	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/gatorcloud/sluice/renderer/model/fault"
)

// form is Kubernetes' grammar without exponents: people misread 8e10, and its
// own parser computes 1e999999999 for minutes.
var form = regexp.MustCompile(`^[+-]?[0-9.]{1,24}([KMGTPE]i|[numkMGTPE])?$`)

// Storage returns the size of a disk: a whole number of bytes from 1Mi to 1Pi.
func Storage(s string) (resource.Quantity, error) {
	const hint = "use a Kubernetes quantity from 1Mi to 1Pi, e.g. 80Gi"
	q, err := parse(s, hint)
	if err != nil {
		return q, err
	}
	least, largest := resource.NewQuantity(1<<20, resource.BinarySI), resource.NewQuantity(1<<50, resource.BinarySI)
	if q.Cmp(*least) < 0 || q.Cmp(*largest) > 0 {
		return q, fault.Hintf(hint, "%s: is out of range", fault.Clip(s))
	}
	if whole := *resource.NewQuantity(q.Value(), q.Format); q.Cmp(whole) != 0 {
		return q, fault.Hintf(hint, "%s: is no whole number of bytes", fault.Clip(s))
	}
	return q, nil
}

// Bound returns a bound of a namespace, such as 64Gi, 40 or 500m: more than nothing.
func Bound(s string) (resource.Quantity, error) {
	const hint = "use a Kubernetes quantity such as 64Gi, 40 or 500m"
	q, err := parse(s, hint)
	if err == nil && q.Sign() <= 0 {
		err = fault.Hintf(hint, "%s: is not more than nothing", fault.Clip(s))
	}
	return q, err
}

// whole is the grammar of Kubernetes' parser. A text is held to it, never computed.
var whole = regexp.MustCompile(`^[+-]?[0-9]*\.?[0-9]*([KMGTPE]i|[numkMGTPE]|[eE][+-]?[0-9]+)?$`)

// Is reports whether Kubernetes would read a text as a quantity.
func Is(s string) bool { return s != "" && whole.MatchString(s) }

// IsMisread reports whether decoding an object failed for a quantity, of which
// the error says neither the field nor the value.
func IsMisread(err error) bool {
	return errors.Is(err, resource.ErrFormatWrong) || errors.Is(err, resource.ErrSuffix) || errors.Is(err, resource.ErrNumeric)
}

func parse(s, hint string) (resource.Quantity, error) {
	if !form.MatchString(s) {
		return resource.Quantity{}, fault.Hintf(hint, "%s: is no quantity", fault.Clip(s))
	}
	q, err := resource.ParseQuantity(s)
	if err != nil {
		return resource.Quantity{}, fault.Hintf(hint, "%s: is no quantity", fault.Clip(s))
	}
	return q, nil
}
