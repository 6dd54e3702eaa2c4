package wire

import (
	"context"
	"os"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/gatorcloud/sluice/renderer/model/fault"
)

// digest asks an image's registry for its digest. Plain http is for this machine only.
func digest(ctx context.Context, image string) (string, error) {
	ref, err := name.ParseReference(image)
	if err != nil {
		return "", fault.Hintf("mend name and newTag", "image %q is no reference: %w", image, err)
	}
	auth := authn.Anonymous
	if user := os.Getenv("SLUICE_REGISTRY_USER"); user != "" {
		auth = authn.FromConfig(authn.AuthConfig{Username: user, Password: os.Getenv("SLUICE_REGISTRY_PASSWORD")})
	}
	found, err := remote.Head(ref, remote.WithContext(ctx), remote.WithAuth(auth))
	if err != nil {
		return "", fault.Hintf("check that the image was pushed, and SLUICE_REGISTRY_USER and SLUICE_REGISTRY_PASSWORD", "asking the registry for image %q: %w", image, err)
	}
	return found.Digest.String(), nil
}
