package rollout_test

import (
	"fmt"
	"testing"

	"github.com/gatorcloud/sluice/renderer/model/ident"
	. "github.com/gatorcloud/sluice/renderer/rollout"
)

func large(b *testing.B, rings, products, tenants int) *world {
	names := make([]string, rings)
	for i := range names {
		names[i] = fmt.Sprintf("ring%02d", i)
	}
	w := newWorld(b, names...)
	var all []ident.Product
	for i := range products {
		p := product(fmt.Sprintf("p%d", i))
		all = append(all, p)
		w.publish(p, "200", "202", "203")
		w.want(p, "202")
	}
	for i, name := range names {
		w.onboard(name, i*tenants/rings, (i+1)*tenants/rings, all...)
	}
	in := w.input()
	w.commit(Settle(in, w.rollouts))
	w.sync()
	return w
}

// BenchmarkAdvance is a turn of a leader over 100 rings x 10 products, at rest
// and with every product on its way.
func BenchmarkAdvance(b *testing.B) {
	for _, to := range []string{"202", "203"} {
		b.Run("to"+to, func(b *testing.B) {
			w := large(b, 100, 10, 1000)
			for range 2 { // all is proven, and then on its way
				in := w.input()
				w.commit(Advance(in, w.rollouts, w.observe(in).Observation, w.now).Rollouts)
				for p := range w.catalog {
					w.want(p, to)
				}
			}
			w.sync()
			in := w.input()
			obs := w.observe(in).Observation
			for b.Loop() {
				Advance(in, w.rollouts, obs, w.now)
			}
		})
	}
}

// BenchmarkSettle is what every render of 100,000 tenants begins with.
func BenchmarkSettle(b *testing.B) {
	w := large(b, 4, 2, 100_000)
	in := w.input()
	all := w.residents()
	b.Run("census", func(b *testing.B) {
		for b.Loop() {
			NewCensus(all)
		}
	})
	b.Run("settle", func(b *testing.B) {
		for b.Loop() {
			Settle(in, w.rollouts)
		}
	})
}
