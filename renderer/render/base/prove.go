package base

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/manifest"
)

// states returns the folders of a base that overlays build.
func states(b *Base) []string {
	all := []string{manifest.ActiveDir, manifest.SuspendedDir, manifest.RetainedDir}
	if b.Autoscaled != nil {
		all = slices.Insert(all, 1, manifest.AutoscaledDir)
	}
	return all
}

// runs reports whether an overlay of a state is one of an active right.
func runs(state string) bool { return state == manifest.ActiveDir || state == manifest.AutoscaledDir }

// prove builds the overlays of a version with sample parameters, so that
// a replacement that kustomize refuses, or that breaks what the base promises,
// is found when the version is published and not at a customer's.
func (b *builder) prove(ctx context.Context, out *Base) error {
	s := newSampler(b.engine)
	for _, state := range states(out) {
		documents, err := s.sample(ctx, out, state, ordinary(b.version))
		objects := objectsOf(documents)
		if err == nil {
			err = b.compare(objects, state)
		}
		if runs(state) {
			out.active = objects
		}
		if err != nil {
			return fmt.Errorf("proving state %q: %w", state, err)
		}
	}
	return nil
}

// compare checks that an overlay has the objects of the base, and that
// parameters and patches left alone what they must.
func (b *builder) compare(objects []object, state string) error {
	have := index(objects)
	for _, p := range b.parts {
		for _, want := range p.objects {
			expected := state != manifest.RetainedDir && (p.name != manifest.ComponentRoutes || runs(state))
			if !expected {
				continue
			}
			o, ok := have[want.identity()]
			if !ok {
				return fault.Hintf("mend the names in replacements.yaml", "%s is missing", want)
			}
			if err := unchanged(want, o); err != nil {
				return err
			}
			if err := rests(o); !runs(state) && err != nil {
				return err
			}
		}
	}
	if len(objects) == 0 {
		return fault.New(fault.Person, "", "the overlay is empty")
	}
	return nil
}

// unchanged checks the marks and images of an object after replacements.
func unchanged(want, got object) error {
	for _, field := range []string{"labels", "annotations"} {
		marks := at(want.fields, "metadata", field)
		for _, key := range slices.Sorted(maps.Keys(marks)) {
			if mine := isMark(key); mine && at(got.fields, "metadata", field)[key] != marks[key] {
				return fault.Hintf("remove the replacement that changes it", "%s: mark %q is changed", want, key)
			}
		}
	}
	if a, b := imagesOf(want), imagesOf(got); !slices.Equal(a, b) {
		return fault.Hintf("remove the replacement that changes them", "%s: images are changed", want)
	}
	return nil
}

func isMark(key string) bool {
	return slices.Contains([]string{
		manifest.LabelProduct, manifest.LabelVersion, manifest.LabelComponent, manifest.AnnotationWave, manifest.AnnotationSyncOptions,
	}, key)
}

// imagesOf returns the images of a workload's containers.
func imagesOf(o object) []string {
	var out []string
	o.eachImage(func(of map[string]any, key string) { out = append(out, fmt.Sprint(of[key])) })
	return out
}

// hinted gives an error of a library a hint.
func hinted(err error, hint string) error {
	if fault.HintOf(err) != "" {
		return err
	}
	return fault.Hintf(hint, "%w", &lineError{err})
}

// lineError keeps a library's error on one line.
type lineError struct{ error }

// Error returns the message on one line.
func (e *lineError) Error() string {
	text := strings.ReplaceAll(e.error.Error(), "map[string]interface {}(nil): ", "") // of kustomize's decoder
	return strings.Join(strings.Fields(text), " ")
}

// Unwrap returns the error as it was.
func (e *lineError) Unwrap() error { return e.error }
