package loop

import (
	"fmt"
	"testing"
	"time"

	"github.com/gatorcloud/sluice/renderer/model/ident"
)

// A tenant is due at the first whole second at which it has changed: a second
// too early nothing would have, and nobody would look again.
func TestDue(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)
	a, b := ident.Must[ident.TenantKind]("1000001"), ident.Must[ident.TenantKind]("1000002")
	for name, tc := range map[string]struct {
		reason string
		set    func(*due)
		next   time.Time
	}{
		"Whole":    {"a whole second is itself", func(d *due) { d.set(a, at) }, at},
		"Fraction": {"a part of one is rounded up", func(d *due) { d.set(a, at.Add(time.Nanosecond)) }, at.Add(time.Second)},
		"First":    {"the first of all", func(d *due) { d.set(a, at.Add(time.Hour)); d.set(b, at) }, at},
		"Later":    {"a moment that was put off is not kept", func(d *due) { d.set(a, at); d.set(a, at.Add(time.Hour)) }, at.Add(time.Hour)},
		"Earlier":  {"nor one that was brought forward", func(d *due) { d.set(a, at.Add(time.Hour)); d.set(a, at) }, at},
		"Never":    {"what never changes again is never due", func(d *due) { d.set(a, at); d.set(a, time.Time{}) }, time.Time{}},
		"Nothing":  {"nobody is due", func(*due) {}, time.Time{}},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDue()
			tc.set(d)
			if got := d.next(); !got.Equal(tc.next) {
				t.Fatalf("next() = %v, want %v: %s", got, tc.next, tc.reason)
			}
			ids := map[ident.Tenant]struct{}{}
			if d.pop(tc.next.Add(-time.Nanosecond), ids); len(ids) > 0 {
				t.Errorf("pop() just before %v = %v, want nobody", tc.next, ids)
			}
			if d.pop(tc.next, ids); len(ids) == 0 != tc.next.IsZero() {
				t.Errorf("pop() at %v = %v, want whoever is due", tc.next, ids)
			}
		})
	}
}

// Moments that are put off again and again leave nothing behind.
func TestDueForgetsStaleMoments(t *testing.T) {
	t.Parallel()
	d := newDue()
	for i := range 10000 {
		d.set(ident.Must[ident.TenantKind](fmt.Sprint(1000000+i%7)), time.Unix(int64(1e9-i), 0))
	}
	if n := len(d.queue); n > 200 {
		t.Errorf("%d moments of 7 tenants are kept, want a few", n)
	}
}
