package gitlab

import (
	"path"
	"slices"
	"strings"
)

// OwnersFiles are where GitLab looks for a project's CODEOWNERS; the first counts.
func OwnersFiles() []string { return []string{"CODEOWNERS", "docs/CODEOWNERS", ".gitlab/CODEOWNERS"} }

// Owners returns the names, sorted and without @, of the users who own one of
// the paths by a CODEOWNERS file. In each section the last pattern that fits a
// path counts. Groups and addresses are left out: neither is a reviewer.
func Owners(codeowners string, paths []string) []string {
	type rule struct {
		pattern string
		owners  []string
		not     bool
	}
	sections, names := map[string][]rule{}, []string{""}
	section, fallback := "", []string(nil)
	for line := range strings.Lines(codeowners) {
		fields := strings.Fields(strings.ReplaceAll(strings.TrimSpace(line), `\ `, "\x00"))
		switch {
		case len(fields) == 0 || strings.HasPrefix(fields[0], "#"):
		case fields[0][0] == '[' || strings.HasPrefix(fields[0], "^["):
			section, fallback = heading(line)
			names = append(names, section)
		default:
			pattern, not := strings.CutPrefix(strings.ReplaceAll(fields[0], "\x00", " "), "!")
			owners := fields[1:]
			if i := slices.IndexFunc(owners, func(s string) bool { return s[0] == '#' }); i >= 0 {
				owners = owners[:i]
			}
			if len(owners) == 0 {
				owners = fallback
			}
			sections[section] = append(sections[section], rule{pattern, owners, not})
		}
	}
	var found []string
	for _, name := range names {
		for _, p := range paths {
			var last rule
			for _, r := range sections[name] {
				if owns(r.pattern, p) {
					last = r
				}
			}
			if !last.not {
				found = append(found, last.owners...)
			}
		}
	}
	return users(found)
}

// heading returns the name of a section, which may come again in another case,
// and its default owners.
func heading(line string) (string, []string) {
	line = strings.TrimPrefix(strings.TrimSpace(line), "^")
	name, rest, _ := strings.Cut(line[1:], "]")
	if count, after, ok := strings.Cut(rest, "]"); ok && strings.HasPrefix(count, "[") {
		rest = after
	}
	return strings.ToLower(strings.TrimSpace(name)), strings.Fields(rest)
}

func users(owners []string) []string {
	var names []string
	for _, o := range owners {
		if name, ok := strings.CutPrefix(o, "@"); ok && name != "" && !strings.ContainsAny(name, "@/") {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// owns reports whether a pattern of CODEOWNERS fits a path. One without a
// leading slash fits at any depth, one with a final slash all below a folder.
func owns(pattern, file string) bool {
	if pattern == "*" {
		return true
	}
	anchored := strings.HasPrefix(pattern, "/")
	pattern = strings.TrimPrefix(pattern, "/")
	if strings.HasSuffix(pattern, "/") {
		pattern += "**"
	}
	if !anchored {
		pattern = "**/" + pattern
	}
	return fits(strings.Split(pattern, "/"), strings.Split(file, "/"))
}

// fits matches segment by segment; ** is any number of them.
func fits(pattern, file []string) bool {
	if len(pattern) == 0 {
		return len(file) == 0
	}
	if pattern[0] == "**" {
		for i := range len(file) + 1 {
			if fits(pattern[1:], file[i:]) {
				return true
			}
		}
		return false
	}
	if len(file) == 0 {
		return false
	}
	ok, err := path.Match(pattern[0], file[0])
	return err == nil && ok && fits(pattern[1:], file[1:])
}
