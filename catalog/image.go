package catalog

import (
	"fmt"
	"regexp"
)

var (
	tagForm    = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$`)
	digestForm = regexp.MustCompile(`^sha256:[0-9a-f]{64}$`)
)

// Pins reports whether a tag or a digest, either of which may be empty, names one
// release for good: sha256 and 64 hex digits, or a tag that does not move with
// each release. Both have to be well formed.
func Pins(tag, digest string) bool {
	if tag != "" && !tagForm.MatchString(tag) || digest != "" && !digestForm.MatchString(digest) {
		return false
	}
	return digest != "" || tag != "" && tag != "latest"
}

// images checks that every image is pinned.
func (c *checker) images(images []Image) {
	seen := map[string]bool{}
	for _, i := range images {
		what := fmt.Sprintf("image %q", i.Name)
		switch {
		case i.Name == "":
			c.refuse("write the name that the manifests use", "image without a name")
		case seen[i.Name]:
			c.refuse("remove one of the entries", "%s occurs twice", what)
		case i.NewTag == "" && i.Digest == "":
			c.refuse("add newTag or digest", "%s is not pinned", what)
		case i.NewTag == "latest":
			c.refuse("name the release", `%s: newTag "latest" pins nothing`, what)
		case i.NewTag != "" && !tagForm.MatchString(i.NewTag):
			c.refuse("use a tag such as 3.10.0_133", "%s: newTag %q is no tag", what, i.NewTag)
		case i.Digest != "" && !digestForm.MatchString(i.Digest):
			c.refuse("use sha256: and 64 hex digits", "%s: digest %q is no digest", what, i.Digest)
		}
		seen[i.Name] = true
	}
}
