package stencil

import "slices"

// Fill appends the manifests of the overlay f to dst. It reports false, and
// returns dst as it was, when the stencil does not cover the overlay.
func (s *Stencil) Fill(dst []byte, f *Form) ([]byte, bool) {
	if !s.covers(f) {
		return dst, false
	}
	start := len(dst)
	dst = slices.Grow(dst, s.size+s.size/8)
	dst = append(dst, s.texts[0]...)
	var scratch []byte
	for i := range s.holes {
		h := &s.holes[i]
		v, ok := s.value(h, f, &scratch)
		if ok {
			dst, ok = h.write(dst, v)
		}
		if !ok || len(dst)-start > 2*s.size+room { // kustomize's way has bounds
			return dst[:start], false
		}
		dst = append(dst, s.texts[i+1]...)
	}
	return dst, true
}

// Matches reports whether the values of f have the shapes of the stencil.
func (s *Stencil) Matches(f *Form) bool {
	if len(s.shapes) != 2+len(f.Values) {
		return false
	}
	var scratch [64]byte
	for i, shape := range s.shapes {
		if string(s.plan.shape(scratch[:0], f, i)) != shape {
			return false
		}
	}
	return true
}

// value returns the i-th value in the order of all.
func (f *Form) value(i int) string {
	switch i {
	case 0:
		return f.Spec.Namespace
	case 1:
		return f.Spec.Tenant
	}
	return f.Values[i-2]
}

// covers reports whether the values of f are of the kind the stencil was cut for.
func (s *Stencil) covers(f *Form) bool {
	return s.Matches(f) && label(f.Spec.Namespace) && (f.Spec.Tenant == "" || label(f.Spec.Tenant)) &&
		!s.plan.spaces[f.Spec.Namespace]
}

// label reports whether v is a DNS label.
func label(v string) bool {
	if v == "" || len(v) > 63 || v[0] == '-' || v[len(v)-1] == '-' {
		return false
	}
	for i := range len(v) {
		if c := v[i]; (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' {
			return false
		}
	}
	return true
}

// value returns the scalar that stands in a hole, and whether it may stand there.
func (s *Stencil) value(h *hole, f *Form, scratch *[]byte) (string, bool) {
	var v string
	if len(h.parts) == 1 && !s.plan.splits {
		v = f.value(h.parts[0].source)
	} else {
		b := (*scratch)[:0]
		for _, p := range h.parts {
			if p.token < 0 {
				b = append(b, p.text...)
			} else {
				b = append(b, s.plan.splitting(f, p.source).token(f.value(p.source), p.token)...)
			}
		}
		*scratch = b
		v = string(b)
	}
	switch {
	case h.refers && (s.names[v] || s.plan.named(v)), h.space && v == f.Spec.Namespace:
		return v, false
	}
	return v, true
}

// room is by how much an overlay may be larger than twice the one that the
// stencil was made of: values that are written in many places grow with each.
const room = 1 << 20
