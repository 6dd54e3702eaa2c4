package base

import (
	"strings"

	"github.com/gatorcloud/sluice/catalog"
	"github.com/gatorcloud/sluice/renderer/model/fault"
)

// imageRef is an image as manifests write it.
type imageRef struct{ name, tag, digest string }

func parseImage(s string) imageRef {
	var r imageRef
	r.name, r.digest, _ = strings.Cut(s, "@")
	if i := strings.LastIndexByte(r.name, ':'); i > strings.LastIndexByte(r.name, '/') {
		r.name, r.tag = r.name[:i], r.name[i+1:]
	}
	return r
}

// String returns the reference as container runtimes read it.
func (r imageRef) String() string {
	s := r.name
	if r.tag != "" {
		s += ":" + r.tag
	}
	if r.digest != "" {
		s += "@" + r.digest
	}
	return s
}

// images applies a version's images and remembers which were of use.
type images struct {
	byName map[string]catalog.Image
	used   map[string]bool
}

func newImages(list []catalog.Image) *images {
	i := &images{map[string]catalog.Image{}, map[string]bool{}}
	for _, image := range list {
		i.byName[image.Name] = image
	}
	return i
}

const hintImage = "list the image with newTag or digest under images in the version's description"

// apply pins the images of o's pods; what stays without a tag is refused.
func (i *images) apply(o object) []error {
	var faults []error
	o.eachImage(func(of map[string]any, key string) {
		s, _ := of[key].(string)
		ref := i.pin(parseImage(s))
		if ref.name == "" || !catalog.Pins(ref.tag, ref.digest) {
			faults = append(faults, fault.Hintf(hintImage, "%s: image %q is not pinned", o, s))
			return
		}
		of[key] = ref.String()
	})
	return faults
}

// eachImage calls f for the field of each image that o's pods get: those of
// containers, and those of volumes.
func (o object) eachImage(f func(of map[string]any, key string)) {
	spec := at(o.podTemplate(), "spec")
	for _, field := range []string{"initContainers", "containers", "ephemeralContainers", "volumes"} {
		list, _ := spec[field].([]any)
		for _, item := range list {
			c, _ := item.(map[string]any)
			switch image, isVolume := c["image"].(map[string]any); {
			case field != "volumes" && c != nil:
				f(c, "image")
			case isVolume:
				f(image, "reference")
			}
		}
	}
}

func (i *images) pin(r imageRef) imageRef {
	image, ok := i.byName[r.name]
	if !ok {
		return r
	}
	i.used[r.name] = true
	if image.NewName != "" {
		r.name = image.NewName
	}
	r.tag, r.digest = image.NewTag, image.Digest
	return r
}

// unused returns a fault for each image that no container has.
func (i *images) unused() []error {
	var names []string
	for name := range i.byName {
		if !i.used[name] {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return nil
	}
	return []error{fault.Hintf("remove them from images, or mend their names", "no container has the images %s", fault.List(names))}
}
