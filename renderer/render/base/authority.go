package base

import (
	"fmt"

	"github.com/gatorcloud/sluice/catalog"
	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/manifest"
	"github.com/gatorcloud/sluice/renderer/model/policy"
	"github.com/gatorcloud/sluice/renderer/render/shape"
)

// authority refuses objects of an ordinary overlay that take more than belongs
// to the version: rights beyond its namespace, and pods that need another
// standard than the version declares. Like lasting it is part of the proof.
func (b *Base) authority() []error {
	var faults []error
	mine := ordinary(b.Version)
	place := policy.Place{Namespace: mine["namespace"], Shared: b.Version.Sharing == catalog.SharingEnvironment,
		Hosts: policy.Hosts{Domain: mine["domain"], Names: []string{mine["tenantCode"], mine["tenantId"]}}}
	for _, o := range b.active {
		faults = append(faults, policy.Check(o.fields, place)...)
		if place.Shared && manifest.ClusterScoped(o.group, o.kind) && !manifest.SharedMayWrite(o.group, o.kind) {
			faults = append(faults, fault.Hintf("let an administrator apply it", "%s: kind %q of group %q serves the whole cluster", o, o.kind, o.group))
		}
		if err := b.secure(o); err != nil {
			faults = append(faults, err)
		}
		faults = append(faults, b.moving(o)...)
	}
	return faults
}

// moving refuses images that are pinned by a tag alone: who owns the registry can
// give it to other bytes, and no lock sees it.
func (b *Base) moving(o object) []error {
	var faults []error
	for _, image := range imagesOf(o) {
		if ref := parseImage(image); ref.digest == "" && !b.Version.AllowTags {
			faults = append(faults, fault.Hintf("run `sluice catalog pin`, or write allowTags: true in the version's description",
				"%s: image %q is pinned by a tag, which can move", o, image))
		}
	}
	return faults
}

// secure refuses pods that need another pod security standard than is declared.
func (b *Base) secure(o object) error {
	s, err := shaped(o)
	if err != nil {
		return nil //nolint:nilerr // told by the proof of shapes
	}
	if s.Pod == nil && o.podTemplate() != nil {
		return nil // a custom kind whose pods have another place: its namespace judges them
	}
	declared := b.Version.Security()
	said, err := shape.Security(s, declared)
	if err != nil || said == "" {
		return err
	}
	return fault.Hintf(fmt.Sprintf("mend the securityContext, or declare podSecurity: {level: %s, reason: ...} in the version's description", b.needs(s)),
		"%s: its pods are refused by the pod security standard %q: %s", o, declared, said)
}

// needs returns the narrowest standard by which the pods of an object are let in.
func (b *Base) needs(s *shape.Object) string {
	levels := catalog.PodSecurityLevels()
	for _, level := range levels {
		if said, err := shape.Security(s, level); err == nil && said == "" {
			return level
		}
	}
	return levels[len(levels)-1]
}
