package hermetic

import (
	"net/url"
	"path"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/gatorcloud/sluice/renderer/model/fault"
)

// maxReference is the longest path that a kustomization may name.
const maxReference = 1024

const hintLocal = "vendor what it names into the tree and refer to it by a relative path"

// user is how kustomize recognises the user in git@host:path.
var user = regexp.MustCompile(`^[a-zA-Z][a-zA-Z0-9-]*@`)

// Remote reports whether kustomize could take s for a URL or a Git repository.
// It covers more than kustomize's rules do (api/internal/loader.IsRemoteFile and
// api/internal/git.NewRepoSpecFromURL), never less.
func Remote(s string) bool {
	if u, err := url.Parse(s); err == nil && (u.Scheme == "http" || u.Scheme == "https") {
		return true
	}
	lower := strings.ToLower(s)
	lower = strings.TrimPrefix(lower, "git::")
	for _, prefix := range []string{"ssh://", "https://", "http://", "file://", "github.com/", "github.com:"} {
		if strings.HasPrefix(lower, prefix) {
			return true
		}
	}
	return user.MatchString(s) || user.MatchString(lower)
}

// Local returns the path inside the tree that ref means when it stands in a
// kustomization of directory dir. It refuses everything that is not plainly a
// relative path below the top of the tree.
func Local(dir, ref string) (string, error) {
	if why := suspicious(ref); why != "" {
		return "", fault.Hintf(hintLocal, "%s %s", quote(ref), why)
	}
	clean := path.Join(dir, ref)
	if clean == ".." || strings.HasPrefix(clean, "../") {
		return "", fault.Hintf(hintLocal, "%s leaves the tree", quote(ref))
	}
	return clean, nil
}

// suspicious says why ref is no plain relative path, "" if it is one.
func suspicious(ref string) string {
	switch {
	case ref == "":
		return "is empty"
	case len(ref) > maxReference:
		return "is too long for a path"
	case Remote(ref):
		return "is remote"
	case path.IsAbs(ref):
		return "is an absolute path"
	case strings.ContainsAny(ref, `:?#\`):
		return "is not a plain path: it contains one of : ? # \\"
	case strings.Contains(ref, "//"):
		return "is not a plain path: it contains //"
	case !utf8.ValidString(ref) || strings.ContainsFunc(ref, unprintable):
		return "contains characters that cannot be printed"
	}
	for part := range strings.SplitSeq(ref, "/") {
		if part == "_git" || strings.HasSuffix(strings.ToLower(part), ".git") {
			return "names a Git repository"
		}
	}
	return ""
}

func unprintable(r rune) bool { return !unicode.IsPrint(r) }

// quote returns s quoted and cut for a message.
func quote(s string) string {
	if len(s) > 100 {
		s = s[:100] + "..."
	}
	return fault.List([]string{s})
}
