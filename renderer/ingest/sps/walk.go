package sps

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/model/strict"
)

// Walk reads the list of all tenants and gives visit the entries of one page
// after another; an error of visit ends it. ErrUnchanged says that the list is
// still that of the etag, which may be empty. Any other error says that the
// list was not read whole, whatever was visited.
func (c *Client) Walk(ctx context.Context, etag string, visit func([]Entry) error) (Snapshot, error) {
	w := walk{client: c, visit: visit, seen: map[ident.Tenant]bool{}, cursors: map[string]bool{}}
	for n := 0; ; n++ {
		if n == maxPages {
			return Snapshot{}, bad("reading the list of SPS: more than %d pages", maxPages)
		}
		more, err := w.page(ctx, etag)
		switch {
		case errors.Is(err, ErrUnchanged) && n == 0 && etag != "":
			return Snapshot{}, err
		case err != nil:
			return Snapshot{}, fmt.Errorf("reading the list of SPS: page %d: %w", n+1, err)
		case !more:
			return w.done()
		}
		etag = ""
	}
}

// Probe asks for the beginning of the list, to see whether SPS is there and
// knows us. It returns how many tenants SPS has and what its clock says, zero if
// it does not say.
func (c *Client) Probe(ctx context.Context) (total int, at time.Time, err error) {
	small := *c
	small.o.Limit = 1
	w := walk{client: &small, visit: func([]Entry) error { return nil }, seen: map[ident.Tenant]bool{}, cursors: map[string]bool{}}
	if _, err := w.page(ctx, ""); err != nil {
		return 0, time.Time{}, fmt.Errorf("asking SPS: %w", err)
	}
	at, _ = http.ParseTime(w.date) // it need not say
	return w.at.Total, at, nil
}

// walk is one reading of the list.
type walk struct {
	client  *Client
	visit   func([]Entry) error
	at      Snapshot
	next    string
	date    string // of the first page
	seen    map[ident.Tenant]bool
	cursors map[string]bool
}

// list is one page, by the contract's names.
type list struct {
	snapshot, next string
	total          int64
	tenants        []json.RawMessage
}

// page reads the next page and reports whether there are more.
func (w *walk) page(ctx context.Context, etag string) (bool, error) {
	first := w.at.ID == ""
	a, err := w.client.get(ctx, w.path(), w.query(), etag, MaxPage)
	switch {
	case err != nil:
		return false, err
	case a.code == http.StatusNotModified:
		return false, ErrUnchanged
	case a.code != http.StatusOK:
		return false, refusal(a.code)
	}
	l, err := w.client.o.Mapping.list(a.body)
	if err != nil {
		return false, err
	}
	if first {
		w.at, w.date = Snapshot{ID: l.snapshot, Total: int(l.total)}, a.date
		if len(a.etag) <= maxOpaque {
			w.at.ETag = a.etag
		}
	}
	if err := w.follows(l); err != nil {
		return false, err
	}
	entries, err := w.entries(l.tenants)
	if err != nil {
		return false, err
	}
	w.next = l.next
	return l.next != "", w.visit(entries)
}

func (w *walk) path() string {
	if p := w.client.o.Mapping.Paths.Tenants; p != "" {
		return p
	}
	return "/v1/tenants"
}

func (w *walk) query() url.Values {
	names, or := w.client.o.Mapping.Query, func(name, usual string) string {
		if name != "" {
			return name
		}
		return usual
	}
	q := url.Values{or(names.Limit, "limit"): {strconv.Itoa(w.client.o.Limit)}}
	if w.next != "" {
		q.Set(or(names.Snapshot, "snapshot"), w.at.ID)
		q.Set(or(names.Cursor, "cursor"), w.next)
	}
	return q
}

// follows refuses a page that is not the next one of the snapshot.
func (w *walk) follows(l list) error {
	switch {
	case l.snapshot != w.at.ID:
		return fault.New(fault.Retry, "", "snapshot %s: the first page was of %s", fault.Clip(l.snapshot), fault.Clip(w.at.ID))
	case int(l.total) != w.at.Total:
		return fault.New(fault.Retry, "", "total %d: the first page said %d", l.total, w.at.Total)
	case len(l.tenants) == 0:
		return bad("it holds no tenant")
	case w.cursors[l.next]:
		return bad("cursor %s: was followed already", fault.Clip(l.next))
	}
	if l.next != "" {
		w.cursors[l.next] = true
	}
	return nil
}

// entries reads the heads of a page's documents. A tenant occurs once in a list.
func (w *walk) entries(raw []json.RawMessage) ([]Entry, error) {
	all := make([]Entry, 0, len(raw))
	for _, one := range raw {
		e := w.client.o.Mapping.Entry(one)
		switch {
		case e.ID.IsZero():
			w.at.Nameless++
		case w.seen[e.ID]:
			return nil, bad("tenant %q: is listed twice", e.ID)
		default:
			w.seen[e.ID] = true
		}
		all = append(all, e)
	}
	if len(w.seen)+w.at.Nameless > w.at.Total {
		return nil, bad("more tenants than the total, %d", w.at.Total)
	}
	return all, nil
}

// done makes sure that the list was whole.
func (w *walk) done() (Snapshot, error) {
	if n := len(w.seen) + w.at.Nameless; n != w.at.Total {
		return Snapshot{}, bad("reading the list of SPS: %d tenants came, the total is %d", n, w.at.Total)
	}
	return w.at, nil
}

// list decodes a page, but for its tenants.
func (m Mapping) list(raw []byte) (list, error) {
	var l list
	fields, err := object(raw, pageFields, m.Page, m.Ignore.Page)
	if err != nil {
		return l, err
	}
	if err := text(fields, "snapshot", &l.snapshot); err != nil {
		return l, err
	}
	if _, ok := fields["next"]; ok {
		if err := json.Unmarshal(fields["next"], &l.next); err != nil { // null is none
			return l, bad("next: is no text")
		}
	}
	if _, ok := fields["total"]; !ok {
		return l, bad("total: is missing")
	}
	if l.total, err = number(fields, "total"); err != nil {
		return l, err
	}
	switch {
	case l.snapshot == "" || len(l.snapshot) > maxOpaque:
		return l, bad("snapshot: has %d bytes, 1 to %d are allowed", len(l.snapshot), maxOpaque)
	case len(l.next) > maxOpaque:
		return l, bad("next: has %d bytes, at most %d are allowed", len(l.next), maxOpaque)
	case l.total > maxTotal:
		return l, bad("total %d: at most %d are allowed", l.total, maxTotal)
	}
	if err := strict.JSON(fields["tenants"], len(fields["tenants"]), &l.tenants); err != nil {
		return l, fmt.Errorf("tenants: %w", err)
	}
	return l, nil
}
