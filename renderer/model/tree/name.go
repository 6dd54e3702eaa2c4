package tree

import (
	"fmt"
	"strings"
)

// CheckName refuses a name that must not be written: one that is no single path
// segment, and every spelling of .git that some file system takes for it. It is
// the rule of git fsck --strict, so that what is written passes every server
// that checks, and a directory that is somebody's checkout stays one.
func CheckName(name string) error {
	switch {
	case name == "" || name == "." || name == "..":
		return fmt.Errorf("name %q is no file name", name)
	case len(name) > 255:
		return fmt.Errorf("name %q... has %d bytes, at most 255 are allowed", name[:32], len(name))
	case strings.ContainsAny(name, "/\x00"):
		return fmt.Errorf("name %q contains a slash or NUL", name)
	case plain(name):
		return nil
	case meansGit(name):
		return fmt.Errorf("name %q is reserved by Git", name)
	}
	return nil
}

// plain is the fast path: without a dot or tilde, a backslash or a byte
// beyond ASCII, no name is another spelling of .git.
func plain(name string) bool {
	for i := range len(name) {
		switch c := name[i]; {
		case c == '~' || c == '\\' || c == ':' || c >= 0x80:
			return false
		case c == '.' && i == 0:
			return false
		}
	}
	return true
}

// meansGit reports whether name is .git or .gitmodules to Git or to a file
// system: in any case, with HFS+'s ignored characters, with NTFS's short
// names, streams and trailing dots or spaces.
func meansGit(name string) bool {
	for part := range strings.SplitSeq(name, `\`) { // a separator on Windows
		s := strings.ToLower(strings.Map(dropIgnored, part))
		s, _, _ = strings.Cut(s, ":")
		s = strings.TrimRight(s, " .")
		switch s {
		case ".git", "git~1", ".gitmodules", "gitmod~1", "gitmod~2", "gitmod~3", "gitmod~4":
			return true
		}
		if strings.HasPrefix(s, "gi7eba~") {
			return true
		}
	}
	return false
}

// dropIgnored drops the characters that HFS+ ignores in names.
func dropIgnored(r rune) rune {
	switch {
	case r >= 0x200c && r <= 0x200f, r >= 0x202a && r <= 0x202e, r >= 0x206a && r <= 0x206f, r == 0xfeff:
		return -1
	}
	return r
}

// CheckPath refuses a path that is not made of names separated by single
// slashes, and returns its segments.
func CheckPath(path string) ([]string, error) {
	if len(path) > 4096 {
		return nil, fmt.Errorf("path %q... has %d bytes, at most 4096 are allowed", path[:32], len(path))
	}
	segments := strings.Split(path, "/")
	for _, s := range segments {
		if err := CheckName(s); err != nil {
			return nil, fmt.Errorf("path %q: %w", path, err)
		}
	}
	return segments, nil
}
