package argocd

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/gatorcloud/sluice/renderer/argocd/observe"
	"github.com/gatorcloud/sluice/renderer/backoff"
)

var _ observe.Watcher = Named{}

const (
	// term is how long the server keeps one request of a watch; the next one
	// goes on where it ended.
	term = 5 * time.Minute
	// brief is a request that was not worth it: a server that ends each at once
	// is not asked without a pause.
	brief = time.Second
)

// Watch is part of observe.Watcher: one list in pages, then one stream of what
// changes, of which no more than one Application is in memory. A stream that
// breaks goes on where it was; all is listed again only when the server no
// longer knows that place, or refuses to let it be watched.
func (n Named) Watch(ctx context.Context, selector string, h observe.Hearer) {
	w := &watching{Client: n.Client, selector: selector, Hearer: h}
	pauses := &backoff.Backoff{Pauses: w.again}
	for ctx.Err() == nil {
		began := time.Now()
		err := w.turn(ctx)
		if time.Since(began) >= brief {
			pauses.Reset()
		} else if err == nil {
			err = errors.New("watching Applications: the server ends the watch at once")
		}
		if err != nil && ctx.Err() == nil {
			w.Live(err)
			_ = backoff.Sleep(ctx, pauses.Next()) // the loop asks ctx
		}
	}
}

// watching is a watch under way.
type watching struct {
	*Client
	observe.Hearer
	selector string
	from     string // the version after which events are heard; empty before a list
}

// turn lists, if it has to, and hears events until the server ends the request.
func (w *watching) turn(ctx context.Context) error {
	if w.from == "" {
		w.Begin()
		version, err := w.all(ctx, w.selector, w.See)
		if err != nil {
			return err
		}
		w.Live(nil)
		w.from = version
	}
	ctx, cancel := context.WithTimeout(ctx, term+w.patience)
	defer cancel()
	if err := w.events(ctx); err != nil {
		return fmt.Errorf("watching Applications: %w", err)
	}
	return nil
}

// events hears one stream to its end.
func (w *watching) events(ctx context.Context) error {
	stream, err := w.tables.Get().Namespace(w.namespace).Resource(resource).SetHeader("Accept", "application/json").
		Param("labelSelector", w.selector).Param("watch", "true").Param("resourceVersion", w.from).
		Param("allowWatchBookmarks", "true").Param("timeoutSeconds", strconv.Itoa(int(term/time.Second))).Stream(ctx)
	if err != nil {
		var status apierrors.APIStatus
		if errors.As(err, &status) {
			w.lost(status.Status())
		}
		return explain(err)
	}
	defer func() { _ = stream.Close() }() // it was only read
	w.Live(nil)
	body := &ration{r: stream, left: largest}
	d := json.NewDecoder(body)
	for {
		var e event
		body.left = largest
		if err := d.Decode(&e); err != nil {
			return ended(err)
		}
		if err := w.hear(e); err != nil {
			return err
		}
	}
}

// ended explains how a stream ended; nil is the usual end of a request. So is
// an answer that has become too long: the next goes on.
func ended(err error) error {
	var long *http.MaxBytesError
	if errors.Is(err, io.EOF) || errors.As(err, &long) {
		return nil
	}
	return explain(err)
}

// lost forgets the place in the stream if the server will never go on from it.
func (w *watching) lost(s metav1.Status) {
	if code := int(s.Code); code == http.StatusGone || code == http.StatusForbidden {
		w.from = ""
	}
}

// event is one entry of the stream.
type event struct {
	Type   string          `json:"type"`
	Object json.RawMessage `json:"object"`
}

// hear hands an event over and keeps its place. One of an unknown type, or of
// what is none, says nothing.
func (w *watching) hear(e event) error {
	var at struct {
		Metadata place `json:"metadata"`
	}
	switch e.Type {
	case "ADDED", "MODIFIED":
		w.See(e.Object)
	case "DELETED":
		w.Lose(e.Object)
	case "ERROR":
		var s metav1.Status
		_ = json.Unmarshal(e.Object, &s) // what is none is refused all the same
		w.lost(s)
		return refused(s)
	}
	if json.Unmarshal(e.Object, &at) == nil && at.Metadata.ResourceVersion != "" {
		w.from = at.Metadata.ResourceVersion
	}
	return nil
}
