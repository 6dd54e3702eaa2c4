package web

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/report"
)

// perPage is how many products of tenants a page of a list has.
const perPage = 100

// found is a page of a list.
type found struct {
	Heading    string
	Rows       []report.Row
	All        int
	Back, Next string
}

// tenants lists products of tenants: those of a search, a cell or a reason.
func (s *server) tenants(w http.ResponseWriter, r *http.Request, env Environment) {
	v := r.URL.Query()
	q := Query{Text: strings.TrimSpace(v.Get("q")), Ring: v.Get("ring"), Product: v.Get("product"), Version: v.Get("version"),
		State: v.Get("state"), Code: v.Get("code"), Limit: perPage}
	q.Skip, _ = strconv.Atoi(v.Get("skip")) // what is no number begins at the first
	q.Skip = max(q.Skip, 0)
	p := s.in(r, env, "Tenants")
	p.Search = q.Text
	rows, all, err := env.Rows(r.Context(), q)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	body := found{Heading: q.heading(), Rows: rows, All: all}
	back, next := q, q
	back.Skip, next.Skip = max(q.Skip-perPage, 0), q.Skip+perPage
	if q.Skip > 0 {
		body.Back = list(p.Env, back)
	}
	if next.Skip < all {
		body.Next = list(p.Env, next)
	}
	p.Body = body
	s.show(w, http.StatusOK, "tenants", p)
}

// heading says what a list is of.
func (q Query) heading() string {
	said := []string{"Tenants"}
	for _, part := range []struct{ before, value string }{{"like", q.Text}, {"of ring", q.Ring}, {"with", strings.TrimSpace(q.Product + " " + q.Version)},
		{"that are", q.State}} {
		if part.value != "" {
			said = append(said, fmt.Sprintf("%s %s", part.before, part.value))
		}
	}
	if q.Code != "" {
		said = append(said, "of whom this is said: "+report.Code(q.Code).Sentence())
	}
	return strings.Join(said, " ")
}

// person is the page of a tenant.
type person struct {
	report.Tenant
	Products []bought
	Command  string
}

// bought is a product of a tenant, with why it is as it is.
type bought struct {
	report.Product
	Why   report.Why
	Chart picture
}

func (s *server) tenant(w http.ResponseWriter, r *http.Request, env Environment) {
	id, err := ident.Parse[ident.TenantKind](r.PathValue("tenant"))
	if err != nil {
		s.fail(w, r, errNoPage)
		return
	}
	p := s.in(r, env, id.String())
	t, chains, err := env.Tenant(r.Context(), id)
	if err != nil {
		s.fail(w, r, fault.Hintf("search for a part of the id or the name", "tenant %q: %w", id, err))
		return
	}
	body := person{Tenant: t, Command: fmt.Sprintf("sluice why %s --env %s", id, env.Name)}
	for _, product := range t.Products {
		b := bought{Product: product, Chart: buckets(product, t.At)}
		for _, why := range chains {
			if why.Product == product.Name {
				b.Why = why
			}
		}
		body.Products = append(body.Products, b)
	}
	p.Body = body
	s.show(w, http.StatusOK, "tenant", p)
}
