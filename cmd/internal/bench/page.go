package main

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/gatorcloud/sluice/renderer/run/web"
)

func pageFigures() []figure {
	return []figure{
		{name: "dashboard-10k-ms", unit: "ms", bound: 300, run: pageTime,
			about: "the slowest of 20 answers with the first page of 10,000 tenants of 4 products, in the server"},
		{name: "dashboard-10k-bytes", unit: "KiB", bound: 200, run: pageBytes, about: "that page"},
	}
}

// paged returns what answers with the first page of many tenants.
func paged(ctx context.Context) (func() (*httptest.ResponseRecorder, error), error) {
	j, _, err := joined()
	if err != nil {
		return nil, err
	}
	view := web.NewView(func(context.Context) (web.Sight, error) { return web.Sight{Join: j, Mark: "one"}, nil }, time.Now, time.Minute)
	go view.Run(ctx)
	shown := []web.Environment{{Name: local, Reports: view}}
	page := web.Handler(web.Options{Environments: func() []web.Environment { return shown }, Now: time.Now, Done: ctx.Done()})
	return func() (*httptest.ResponseRecorder, error) {
		r := httptest.NewRequestWithContext(ctx, http.MethodGet, "http://localhost/environments/"+local.String(), nil)
		w := httptest.NewRecorder()
		if page.ServeHTTP(w, r); w.Code != http.StatusOK {
			return nil, fmt.Errorf("the first page is answered with %d: %s", w.Code, w.Body)
		}
		return w, nil
	}, nil
}

func pageTime(ctx context.Context) (float64, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	get, err := paged(ctx)
	if err != nil {
		return 0, err
	}
	if _, err := get(); err != nil { // which waits for the first look
		return 0, err
	}
	slowest := time.Duration(0)
	for range 20 {
		start := time.Now()
		if _, err := get(); err != nil {
			return 0, err
		}
		slowest = max(slowest, time.Since(start))
	}
	return float64(slowest) / float64(time.Millisecond), nil
}

func pageBytes(ctx context.Context) (float64, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	get, err := paged(ctx)
	if err != nil {
		return 0, err
	}
	w, err := get()
	if err != nil {
		return 0, err
	}
	return float64(w.Body.Len()) / 1024, nil
}
