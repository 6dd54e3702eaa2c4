package observe

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/model/manifest"
)

// Word is what people say on the Applications of a ring.
type Word string

// The words are those of the actions in Argo CD's UI.
const (
	Approve Word = "approve" // what the ring is granted now
	Pause   Word = "pause"
	Resume  Word = "resume"
)

// Annotator changes Applications.
type Annotator interface {
	Cluster
	// Annotate sets annotations of an Application; none of it when dry.
	Annotate(ctx context.Context, name string, annotations map[string]string, dry bool) error
}

// Saying is a word for a ring.
type Saying struct {
	Environment ident.Environment
	Ring        ident.Ring
	Word        Word
	// Dry only asks whether it may be said.
	Dry bool
}

// Said is what a word was said on.
type Said struct {
	Application string
	// Versions are what was approved: dsa=31,swg=202.
	Versions string
}

// Say says a word on a ring: approve and pause on its first slice, which is the
// first to be granted anything; resume on every one that is paused.
func Say(ctx context.Context, c Annotator, s Saying) ([]Said, error) {
	slicesOf, err := applicationsOf(ctx, c, s.Environment, s.Ring)
	if err != nil {
		return nil, err
	}
	var said []Said
	set := map[string]string{annotationPaused: "true"}
	switch first := slicesOf[0]; s.Word {
	case Approve:
		versions := first.versions()
		if versions == "" {
			return nil, fault.Hintf("see `sluice rollout status`", "ring %q is granted no versions that could be approved", s.Ring)
		}
		set = map[string]string{annotationApproved: versions}
		said = []Said{{first.Metadata.Name, versions}}
	case Pause:
		said = []Said{{Application: first.Metadata.Name}}
	case Resume:
		set[annotationPaused] = "false" // as the action writes it
		for _, a := range slicesOf {
			if a.paused() {
				said = append(said, Said{Application: a.Metadata.Name})
			}
		}
	}
	for _, on := range said {
		if err := c.Annotate(ctx, on.Application, set, s.Dry); err != nil {
			return nil, fmt.Errorf("saying %s on Application %q: %w", s.Word, on.Application, err)
		}
	}
	return said, nil
}

// applicationsOf returns the slices of a ring by name.
func applicationsOf(ctx context.Context, c Cluster, env ident.Environment, ring ident.Ring) ([]*application, error) {
	t := &turn{Observer: &Observer{cluster: c, place: manifest.Place{Environment: env}}}
	name := manifest.AppRing(env, manifest.Batch{Ring: ring})
	var all []*application
	err := t.each(ctx, t.selector("ring", manifest.LabelRing, ring.String()), func(a *application) {
		if a.Metadata.Name == name || strings.HasPrefix(a.Metadata.Name, name+"-") {
			all = append(all, a)
		}
	})
	if err != nil {
		return nil, fmt.Errorf("reading the Applications of ring %q: %w", ring, err)
	}
	if len(all) == 0 {
		return nil, fault.Hintf("check --env, --ring and the kubeconfig's context", "environment %q has no Application of ring %q", env, ring)
	}
	slices.SortFunc(all, func(a, b *application) int { return strings.Compare(a.Metadata.Name, b.Metadata.Name) })
	return all, nil
}
