package argocd

import (
	"net/http"
)

// bounded keeps one exchange within its bounds, whatever is at the other end:
// it ends with its context, even while a credential plugin hangs, which
// client-go waits for without one, and an answer has at most the given bytes.
type bounded struct {
	next http.RoundTripper
	most int64
}

type answer struct {
	resp *http.Response
	err  error
}

// RoundTrip implements http.RoundTripper.
func (b bounded) RoundTrip(req *http.Request) (*http.Response, error) {
	answers := make(chan answer, 1)
	go func() {
		resp, err := b.next.RoundTrip(req) //nolint:bodyclose // whoever gets the answer closes it
		answers <- answer{resp, err}
	}()
	select {
	case a := <-answers:
		if a.err == nil {
			a.resp.Body = http.MaxBytesReader(nil, a.resp.Body, b.most)
		}
		return a.resp, a.err
	case <-req.Context().Done():
		go func() { // nobody reads what comes late
			if a := <-answers; a.err == nil {
				_ = a.resp.Body.Close()
			}
		}()
		return nil, req.Context().Err()
	}
}
