package caller

import (
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
)

// What a caller is limited to is that of its token, or of its certificate's name.
func TestScopes(t *testing.T) {
	g, err := New(Options{Certificates: true, Tokens: tokens(t, "portal "+portal+"\nmeter "+meter+" products=swg,seg\nmeter "+older+" tenants=1000006\nprobe.example - tenants=1000006,1000009 products=swg")})
	if err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct{ reason, token, certificate, want string }{
		"All":         {"a token without limits", portal, "", "{[] []}"},
		"Products":    {"two products", meter, "", "{[] [swg seg]}"},
		"Tenants":     {"another token of the same caller", older, "", "{[1000006] []}"},
		"Certificate": {"by its name", "", "probe.example", "{[1000006 1000009] [swg]}"},
		"Unnamed":     {"a certificate that no line limits", "", "other.example", "{[] []}"},
		"NameOfToken": {"a token's line is not of the certificate", "", "meter", "{[] []}"},
		"Proxy":       {"the token says who acts", meter, "probe.example", "{[] [swg seg]}"},
	} {
		req := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", http.NoBody)
		if tc.token != "" {
			req.Header.Set("Authorization", "Bearer "+tc.token)
		}
		if tc.certificate != "" {
			req.TLS = &tls.ConnectionState{VerifiedChains: [][]*x509.Certificate{{{Subject: pkix.Name{CommonName: tc.certificate}}}}}
		}
		w := httptest.NewRecorder()
		g.Wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, Of(r.Context()).Scope) })).ServeHTTP(w, req)
		if got := w.Body.String(); got != tc.want {
			t.Errorf("%s: scope %s, want %s: %s", name, got, tc.want, tc.reason)
		}
	}
	if _, ok := g.o.Tokens.find("-", begin); ok {
		t.Error("the hyphen of a certificate's line is a token")
	}
}
