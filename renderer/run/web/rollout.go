package web

import (
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/report"
)

// going is the page of a rollout: a product on its way to a version.
type going struct {
	Product, Version string
	At               time.Time
	Lanes            []lane
	Moves            moves
	Commands         []command
}

type lane struct {
	report.Rollout
	URL string
}

// command is what people may do about it.
type command struct{ What, Line string }

func (s *server) rollout(w http.ResponseWriter, r *http.Request, env Environment) {
	product, wrong := ident.Parse[ident.ProductKind](r.PathValue("product"))
	version, bad := ident.Parse[ident.VersionKind](r.PathValue("version"))
	if wrong != nil || bad != nil {
		s.fail(w, r, errNoPage)
		return
	}
	p := s.in(r, env, product.String()+"="+version.String())
	all, err := env.Report(r.Context())
	if err != nil {
		s.fail(w, r, err)
		return
	}
	body := going{Product: product.String(), Version: version.String(), At: all.At}
	var rings []report.Rollout
	for _, o := range all.Rollouts {
		if o.Product != body.Product || o.Wanted != body.Version && !runs(o, body.Version) {
			continue
		}
		rings = append(rings, o)
		body.Lanes = append(body.Lanes, lane{o, list(p.Env, Query{Product: o.Product, Ring: o.Ring})})
	}
	body.Moves = s.moves(r, env, rings, func(m Move) bool { return m.Product == body.Product && m.Version == body.Version })
	for _, c := range []struct{ what, line string }{
		{"Watch it", "sluice rollout status %s --env %s --watch"},
		{"See what going back would do", "sluice rollout rollback %s --env %s --dry-run"},
		{"Take the product back to the version before, in every ring", "sluice rollout rollback %s --env %s --reason 'say why'"},
	} {
		body.Commands = append(body.Commands, command{c.what, fmt.Sprintf(c.line, product, env.Name)})
	}
	p.Body = body
	s.show(w, http.StatusOK, "rollout", p)
}

// runs reports whether a ring is granted a version, or was good with it.
func runs(o report.Rollout, version string) bool {
	return slices.Contains(o.Good, version) || slices.ContainsFunc(o.Granted, func(g report.Share) bool { return g.Version == version })
}
