package unpack

import (
	"archive/tar"
	"path"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/gatorcloud/sluice/renderer/model/fault"
)

const hintPlain = "a sluice directory holds plain files only; remove it from Git and render again"

// cleanRoot returns the wanted directory without "." segments.
func cleanRoot(p string) (string, error) {
	if p == "" {
		return "", nil
	}
	clean, err := cleanName(p)
	if err != nil {
		return "", fault.Hintf("the Application's path must lie inside the repository", "checking application path: %w", err)
	}
	return clean, nil
}

// cleanName returns a name as slash-separated segments, "" for the root. It
// refuses names that are absolute, leave the archive or could be read in two ways.
func cleanName(name string) (string, error) {
	bad := func(why string) error {
		return fault.Hintf("the archive was not written by Argo CD; look at who can reach the plugin's socket", "entry name %s %s", fault.Clip(name), why)
	}
	switch {
	case name == "":
		return "", bad("is empty")
	case strings.HasPrefix(name, "/"):
		return "", bad("is absolute")
	case !utf8.ValidString(name):
		return "", bad("is not UTF-8")
	case strings.ContainsFunc(name, unicode.IsControl):
		return "", bad("contains a control character")
	case strings.Contains(name, `\`):
		return "", bad("contains a backslash")
	}
	for seg := range strings.SplitSeq(name, "/") {
		if seg == ".." {
			return "", bad(`contains ".."`)
		}
	}
	if clean := path.Clean(name); clean != "." {
		return clean, nil
	}
	return "", nil
}

// below reports whether name lies below root, and its path from there.
func below(root, name string) (string, bool) {
	if root == "" {
		return name, name != ""
	}
	return strings.CutPrefix(name, root+"/")
}

// leadsTo reports whether name is root or one of the directories above it.
func leadsTo(name, root string) bool {
	return name == root || strings.HasPrefix(root, name+"/")
}

// checkType refuses entries that are neither file nor directory. relevant
// entries lie in the wanted directory or on the way to it.
func checkType(h *tar.Header, relevant bool) error {
	bad := func(what string) error { return fault.Hintf(hintPlain, "entry %s is %s", fault.Clip(h.Name), what) }
	if sparse(h) {
		return bad("a sparse file")
	}
	switch h.Typeflag {
	case tar.TypeReg, tar.TypeDir:
		return nil
	case tar.TypeSymlink:
		if relevant {
			return bad("a symbolic link")
		}
		return nil
	case tar.TypeLink:
		return bad("a hard link")
	case tar.TypeChar, tar.TypeBlock, tar.TypeFifo:
		return bad("a device or pipe")
	default:
		return bad("of an unknown type")
	}
}

// sparse reports whether the tar reader would fill in bytes that were never sent.
func sparse(h *tar.Header) bool {
	if h.Typeflag == tar.TypeGNUSparse {
		return true
	}
	for key := range h.PAXRecords {
		if strings.HasPrefix(key, "GNU.sparse.") {
			return true
		}
	}
	return false
}
