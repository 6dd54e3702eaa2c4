package argocd

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"

	"github.com/gatorcloud/sluice/renderer/argocd/observe"
)

var _ observe.Cluster = Named{}

const (
	// pages is how many pages one list has at most.
	pages = 1000
	// largest bounds the bytes of one Application: more than etcd takes.
	largest = 8 << 20
)

// Each hands the JSON of every Application that a label selector chooses to
// see, one after another, so that no more than one of them is in memory. It
// fails if it cannot hand over all; see must not keep what it is given.
func (n Named) Each(ctx context.Context, selector string, see func(data []byte)) error {
	_, err := n.all(ctx, selector, see)
	return err
}

// all hands over a list and returns the version of the whole of it.
func (c *Client) all(ctx context.Context, selector string, see func(data []byte)) (version string, err error) {
	at := place{}
	for range pages {
		if at, err = c.page(ctx, selector, at.Continue, see); err != nil {
			return "", fmt.Errorf("listing Applications: %w", err)
		}
		if at.Continue == "" {
			return at.ResourceVersion, nil
		}
	}
	return "", fmt.Errorf("listing Applications: there are more than %d pages", pages)
}

// place is how far a list has come.
type place struct {
	Continue        string `json:"continue"` // where the next page begins; empty after the last
	ResourceVersion string `json:"resourceVersion"`
}

// page hands over one page of a list.
func (c *Client) page(ctx context.Context, selector, from string, see func(data []byte)) (place, error) {
	ctx, cancel := context.WithTimeout(ctx, c.patience)
	defer cancel()
	request := c.tables.Get().Namespace(c.namespace).Resource(resource).SetHeader("Accept", "application/json").
		Param("labelSelector", selector).Param("limit", strconv.Itoa(page))
	if from != "" {
		request.Param("continue", from)
	}
	body, err := request.Stream(ctx)
	if err != nil {
		return place{}, explain(err)
	}
	defer func() { _ = body.Close() }() // it was only read
	at, err := items(body, see)
	return at, explain(err)
}

// items hands the entries of a list's JSON over and returns its metadata. A
// list that ends early, or is none, is an error.
func items(r io.Reader, see func(data []byte)) (meta place, err error) {
	body := &ration{r: r, left: largest}
	d := json.NewDecoder(body)
	var rest json.RawMessage
	found := false
	if err := delim(d, '{'); err != nil {
		return place{}, err
	}
	for d.More() {
		key, err := d.Token()
		switch {
		case err != nil:
		case key == "items":
			found = true
			err = entries(d, body, see)
		case key == "metadata":
			err = d.Decode(&meta)
		default:
			err = d.Decode(&rest)
		}
		if err != nil {
			return place{}, err
		}
	}
	if err := delim(d, '}'); err != nil {
		return place{}, err
	}
	if !found {
		return place{}, errors.New("the answer is no list")
	}
	return meta, nil
}

// entries hands over the values of an array.
func entries(d *json.Decoder, body *ration, see func(data []byte)) error {
	if err := delim(d, '['); err != nil {
		return err
	}
	var item json.RawMessage
	for d.More() {
		body.left = largest
		if err := d.Decode(&item); err != nil {
			return err
		}
		see(item)
	}
	body.left = largest
	return delim(d, ']')
}

// delim reads one delimiter.
func delim(d *json.Decoder, want json.Delim) error {
	token, err := d.Token()
	if err == nil && token != want {
		return fmt.Errorf("the answer has %v in place of %v", token, want)
	}
	return err
}

// ration lets so many bytes through.
type ration struct {
	r    io.Reader
	left int
}

// Read implements io.Reader.
func (r *ration) Read(p []byte) (int, error) {
	if r.left <= 0 {
		return 0, fmt.Errorf("one Application has more than %d bytes", largest)
	}
	n, err := r.r.Read(p[:min(len(p), r.left)])
	r.left -= n
	return n, err
}
