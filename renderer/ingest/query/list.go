package query

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"

	"github.com/gatorcloud/sluice/renderer/model/ident"
)

const (
	usualPage = 100
	largePage = 1000
)

// list answers with a page of tenants. The first page is of now; the next ones
// name its point, which is kept while they are read.
func (h *handler) list(w http.ResponseWriter, req *http.Request, v *view) {
	after, limit, err := page(req.URL.Query())
	if err != nil {
		refuse(w, http.StatusBadRequest, err.Error())
		return
	}
	now := h.Mirror.o.Now()
	if at := req.URL.Query().Get("at"); at != "" {
		p, err := parsePoint(at)
		if err != nil {
			refuse(w, http.StatusBadRequest, "at: "+err.Error())
			return
		}
		if p != v.point {
			v = h.Mirror.kept.get(p, now)
		}
		if v == nil {
			refuse(w, http.StatusGone, fmt.Sprintf("point %s is not held any more, or never was here: begin again without after and at", p))
			return
		}
		w.Header().Set("Sluice-At", v.name)
	}
	tenants, more := v.page(scopeOf(req.Context()), after, limit)
	if more {
		h.Mirror.kept.keep(v, now)
	}
	a := h.answer(v)
	write(w, func(b []byte) []byte {
		b = field(append(b, '{'), "at", v.name)
		b = append(b, `,"tenants":[`...)
		for i, e := range tenants {
			if i > 0 {
				b = append(b, ',')
			}
			b = a.tenant(b, e)
		}
		b = append(b, ']')
		if more {
			last := tenants[len(tenants)-1].id
			b = field(append(b, ','), "next", fmt.Sprintf("/v1/tenants?after=%s&limit=%d&at=%s", last, limit, v.name))
		}
		return append(b, '}')
	})
}

// page reads which page is asked for.
func page(q url.Values) (after ident.Tenant, limit int, err error) {
	if s := q.Get("after"); s != "" {
		if after, err = ident.Parse[ident.TenantKind](s); err != nil {
			return after, 0, fmt.Errorf("after: %w", err)
		}
	}
	limit = usualPage
	if s := q.Get("limit"); s != "" {
		limit, err = strconv.Atoi(s)
		if err != nil || limit < 1 || limit > largePage {
			return after, 0, fmt.Errorf("limit %.48q: is no number from 1 to %d", s, largePage)
		}
	}
	return after, limit, nil
}
