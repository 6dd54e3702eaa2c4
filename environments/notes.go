package environments

import "fmt"

// notes names what was written and has no meaning any more: versions stay
// rendered as long as rollouts may need them.
func (s *Site) notes() []string {
	var notes []string
	note := func(field string, path ...any) {
		notes = append(notes, fmt.Sprintf("%s: %s has no meaning any more and can be removed", s.Place(path...), field))
	}
	if s.Fleet.KeepVersions != nil {
		note("keepVersions", "keepVersions")
	}
	for i, r := range s.Fleet.Rings {
		if r.Previous != nil {
			note(fmt.Sprintf("ring %q: previous", r.Name), "rings", i, "previous")
		}
	}
	return notes
}
