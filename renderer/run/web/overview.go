package web

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"github.com/gatorcloud/sluice/renderer/report"
)

// index lists the environments that the caller may see, or goes to the only one.
func (s *server) index(w http.ResponseWriter, r *http.Request) {
	all := seen(r.Context())
	if len(all) == 1 {
		http.Redirect(w, r, "/environments/"+all[0].Name.String(), http.StatusFound)
		return
	}
	s.show(w, http.StatusOK, "index", page{Title: "Environments", Body: all})
}

// overview is the first page of an environment.
type overview struct {
	report.Report
	Products []matrix
	Stuck    []stuck
	Moves    moves
}

// stuck are tenants' products that do not run as they should for one reason.
type stuck struct {
	report.Stuck
	URL  string
	More bool // than the tenants that are named
}

func (s *server) overview(w http.ResponseWriter, r *http.Request, env Environment) {
	p := s.in(r, env, "Fleet")
	seen, err := env.Report(r.Context())
	if err != nil {
		s.fail(w, r, err)
		return
	}
	body := overview{Report: seen, Products: matrices(seen), Moves: s.moves(r, env, seen.Rollouts, nil)}
	for _, some := range seen.Stuck {
		body.Stuck = append(body.Stuck, stuck{some, list(p.Env, Query{Code: string(some.Code)}), some.Count > len(some.Tenants)})
	}
	p.Body = body
	s.show(w, http.StatusOK, "overview", p)
}

// matrix is a product by ring and version.
type matrix struct {
	Name     string
	Versions []column
	Rows     []ring
}

type column struct{ Product, Version string }

type ring struct {
	Ring  string
	Cells []cell // one for each version
	Lane  *report.Rollout
}

type cell struct {
	report.Cell
	URL   string
	Parts []part
}

// part is how many of a cell are in a state; zero stands for all.
type part struct {
	N     string
	State report.State
}

// matrices orders the cells, which come by product and ring and version.
func matrices(r report.Report) []matrix {
	var all []matrix
	for len(r.Cells) > 0 {
		product := r.Cells[0].Product
		end := slices.IndexFunc(r.Cells, func(c report.Cell) bool { return c.Product != product })
		if end < 0 {
			end = len(r.Cells)
		}
		all = append(all, newMatrix(r, product, r.Cells[:end]))
		r.Cells = r.Cells[end:]
	}
	return all
}

func newMatrix(r report.Report, product string, cells []report.Cell) matrix {
	m := matrix{Name: product}
	at := map[string]int{}
	for _, c := range cells {
		if !slices.ContainsFunc(m.Versions, func(k column) bool { return k.Version == c.Version }) {
			m.Versions = append(m.Versions, column{product, c.Version})
		}
	}
	for _, c := range cells {
		i, ok := at[c.Ring]
		if !ok {
			i, at[c.Ring] = len(m.Rows), len(m.Rows)
			m.Rows = append(m.Rows, ring{Ring: c.Ring, Cells: make([]cell, len(m.Versions))})
			if k := slices.IndexFunc(r.Rollouts, func(o report.Rollout) bool { return o.Product == product && o.Ring == c.Ring }); k >= 0 {
				m.Rows[i].Lane = &r.Rollouts[k]
			}
		}
		k := slices.Index(m.Versions, column{product, c.Version})
		m.Rows[i].Cells[k] = cell{c, list(r.Environment, Query{Product: product, Ring: c.Ring, Version: c.Version}), parts(c)}
	}
	return m
}

// parts are the states of a cell, worst first.
func parts(c report.Cell) []part {
	var all []part
	for _, p := range []struct {
		n     int
		state report.State
	}{{c.Bad, report.Bad}, {c.Waiting, report.Waiting}, {c.Unknown, report.Unknown}, {c.OK, report.OK}, {c.Resting, report.Resting}} {
		if p.n > 0 {
			all = append(all, part{strconv.Itoa(p.n), p.state})
		}
	}
	if len(all) == 1 {
		all[0].N = ""
	}
	return all
}

// list returns the address of a list of tenants' products.
func list(env string, q Query) string {
	v := url.Values{}
	for key, value := range map[string]string{"q": q.Text, "ring": q.Ring, "product": q.Product, "version": q.Version, "state": q.State, "code": q.Code} {
		if value != "" {
			v.Set(key, value)
		}
	}
	if q.Skip > 0 {
		v.Set("skip", strconv.Itoa(q.Skip))
	}
	address := url.URL{Path: "/environments/" + env + "/tenants", RawQuery: v.Encode()}
	return address.String()
}
