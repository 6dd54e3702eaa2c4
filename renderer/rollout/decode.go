package rollout

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/model/manifest"
	"github.com/gatorcloud/sluice/renderer/model/strict"
)

// maxFile bounds rollouts.yaml: 64 rings of 10 products have 30 KB at rest,
// 100,000 stragglers 2 MB.
const maxFile = 16 << 20

// adopt is the way out of every file that the engine did not write.
const adopt = "the engine alone writes " + File + ": run `sluice rollout adopt`, which takes the last sealed one or reads the live Applications"

type file struct {
	APIVersion string                         `json:"apiVersion"`
	Kind       string                         `json:"kind"`
	Shared     map[ident.Component]fileShared `json:"shared"`
	Failed     []fileFailed                   `json:"failed"`
	Rings      []fileRing                     `json:"rings"`
	Seal       string                         `json:"seal"`
}

type fileShared struct {
	At   ident.Version `json:"at"`
	Good ident.Version `json:"good"`
}

type fileFailed struct {
	Product ident.Product `json:"product"`
	Version ident.Version `json:"version"`
	Ring    ident.Ring    `json:"ring"`
	Reason  string        `json:"reason"`
	Lifted  bool          `json:"lifted"`
}

type fileRing struct {
	Name     ident.Ring                 `json:"name"`
	Products map[ident.Product]fileLane `json:"products"`
}

type fileLane struct {
	At         ident.Version                    `json:"at"`
	Ahead      []fileSegment                    `json:"ahead"`
	Good       []ident.Version                  `json:"good"`
	Left       []ident.Version                  `json:"left"`
	Since      string                           `json:"since"`
	Sick       int                              `json:"sick"`
	Approved   ident.Version                    `json:"approved"`
	Stragglers map[ident.Version][]ident.Tenant `json:"stragglers"`
}

type fileSegment struct {
	To      string        `json:"to"`
	Version ident.Version `json:"version"`
}

// Decode reads rollouts.yaml. It takes exactly what Encode writes: a file that
// was edited, merged or cut is refused in one line, and so is one whose seal
// fits but which Encode would write otherwise.
func Decode(data []byte) (Rollouts, error) {
	r, err := decode(data)
	if err != nil {
		return Rollouts{}, fault.Hintf(adopt, "reading %s: %w", File, err)
	}
	return r, nil
}

func decode(data []byte) (Rollouts, error) {
	if len(data) > maxFile {
		return Rollouts{}, fmt.Errorf("it has %d bytes, at most %d are allowed", len(data), maxFile)
	}
	if _, err := manifest.Unseal(data); err != nil {
		return Rollouts{}, err
	}
	var f file
	if err := strict.YAML(data, maxFile, &f); err != nil {
		return Rollouts{}, err
	}
	if f.APIVersion != manifest.APIVersion || f.Kind != Kind {
		return Rollouts{}, fmt.Errorf("apiVersion %q, kind %q are not %q, %q", f.APIVersion, f.Kind, manifest.APIVersion, Kind)
	}
	r := Rollouts{}.clone()
	for c, s := range f.Shared {
		if s.At.IsZero() {
			return Rollouts{}, fmt.Errorf("shared part %q has no version", c)
		}
		r.Shared[c] = Shared(s)
	}
	for _, x := range f.Failed {
		r.Failed = append(r.Failed, Failed(x))
	}
	for _, ring := range f.Rings {
		for p, l := range ring.Products {
			lane, err := l.lane()
			if err != nil {
				return Rollouts{}, fmt.Errorf("ring %q, product %q: %w", ring.Name, p, err)
			}
			r.Lanes[Key{ring.Name, p}] = lane
		}
	}
	if !bytes.Equal(r.Encode(), data) {
		return Rollouts{}, errors.New("it is not in the form that the engine writes")
	}
	return r, nil
}

func (f fileLane) lane() (Lane, error) {
	l := Lane{Good: f.Good, Left: f.Left, Sick: f.Sick, Approved: f.Approved}
	last := uint64(0)
	for _, s := range f.Ahead {
		to, err := strconv.ParseUint((s.To + "00000000")[:8], 16, 32)
		if err != nil || to <= last || frontierBits(to) > maxBits {
			return Lane{}, fmt.Errorf("frontier %.20q is none or not beyond the one before", s.To)
		}
		last = to
		l.At = append(l.At, Segment{to, s.Version})
	}
	l.At = append(l.At, Segment{End, f.At})
	for i, s := range l.At {
		if s.Version.IsZero() || i > 0 && !before(s.Version, l.At[i-1].Version) {
			return Lane{}, fmt.Errorf("version %q is none or not before the one ahead", s.Version)
		}
	}
	for i, g := range l.Good {
		if i > 0 && !before(l.Good[i-1], g) || before(l.head().Version, g) {
			return Lane{}, fmt.Errorf("good version %q is out of order", g)
		}
	}
	for i, v := range l.Left {
		if i > 0 && !before(l.Left[i-1], v) || l.runs(v) || l.good(v) {
			return Lane{}, fmt.Errorf("version %q that was left is out of order, good or granted", v)
		}
	}
	if f.Sick < 0 {
		return Lane{}, fmt.Errorf("sick %d is below 0", f.Sick)
	}
	if f.Since != "" {
		since, err := time.Parse(time.RFC3339, f.Since)
		if err != nil {
			return Lane{}, fmt.Errorf("since %.40q is no time", f.Since)
		}
		l.Since = since.UTC()
	}
	for v, tenants := range f.Stragglers {
		for _, t := range tenants {
			if l.Stragglers == nil {
				l.Stragglers = map[ident.Tenant]ident.Version{}
			}
			l.Stragglers[t] = v
		}
	}
	return l, nil
}
