package wire

import (
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/gatorcloud/sluice/renderer/model/fault"
)

// A registry says which digest a tag has now; an image that is not there is a
// person's to push.
func TestDigest(t *testing.T) {
	server := httptest.NewServer(registry.New())
	defer server.Close()
	image := strings.TrimPrefix(server.URL, "http://") + "/swg/proxy:6.7.0"
	made, err := random.Image(64, 1)
	if err != nil {
		t.Fatal(err)
	}
	ref, err := name.ParseReference(image)
	if err != nil {
		t.Fatal(err)
	}
	if err := remote.Write(ref, made); err != nil {
		t.Fatal(err)
	}
	want, err := made.Digest()
	if err != nil {
		t.Fatal(err)
	}
	if got, err := digest(t.Context(), image); err != nil || got != want.String() {
		t.Errorf("digest() = %q, %v, want %q", got, err, want)
	}
	for _, missing := range []string{image + "1", "UPPER/x:1"} {
		if _, err := digest(t.Context(), missing); fault.HintOf(err) == "" || strings.Contains(err.Error(), "\n") {
			t.Errorf("digest(%q) = %v, want one line with a hint", missing, err)
		}
	}
}
