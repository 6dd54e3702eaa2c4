package catalog

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/strict"
)

// PodSecurity is the pod security standard of Kubernetes that the pods of a
// version need, and why. The namespace of a tenant enforces the widest of what
// its versions declare.
type PodSecurity struct {
	Level  string `json:"level"`
	Reason string `json:"reason"`
}

// Restricted is the standard of a version that declares none.
const Restricted = "restricted"

// PodSecurityLevels are the standards from the narrowest on.
func PodSecurityLevels() []string { return []string{Restricted, "baseline", "privileged"} }

// Wider returns the wider of two standards; an empty one is the narrowest.
func Wider(a, b string) string {
	levels := PodSecurityLevels()
	return levels[max(slices.Index(levels, a), slices.Index(levels, b), 0)]
}

// Security returns the pod security standard of a version.
func (v *Version) Security() string {
	if v.PodSecurity == nil {
		return Restricted
	}
	return v.PodSecurity.Level
}

// podSecurity checks a declaration; nil is none.
func (c *checker) podSecurity(p *PodSecurity) {
	if p == nil {
		return
	}
	if err := p.check(); err != nil {
		c.add(err)
	}
}

func (p *PodSecurity) check() error {
	switch {
	case !slices.Contains(PodSecurityLevels()[1:], p.Level):
		return fault.Hintf("write baseline or privileged; without podSecurity it is restricted", "podSecurity: level %s is none", quote(p.Level))
	case strings.TrimSpace(p.Reason) == "" || strings.ContainsAny(p.Reason, "\r\n") || len(p.Reason) > maxReason:
		return fault.Hintf("say in one line why the pods need it", "podSecurity: reason %s", quote(p.Reason))
	}
	return nil
}

const maxReason = 500

// DeclaredFile is the file in the catalog directory that speaks for versions
// that were published before sluice asked: their own files cannot change.
const DeclaredFile = "declared.yaml"

// declaration is an entry of DeclaredFile.
type declaration struct {
	Version     string       `json:"version"` // as in catalog.lock
	PodSecurity *PodSecurity `json:"podSecurity"`
	AllowTags   bool         `json:"allowTags"`
}

// declare reads DeclaredFile into the versions that it names.
func (c *Catalog) declare(root fs.FS) error {
	info, err := fs.Lstat(root, DeclaredFile)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil && (!info.Mode().IsRegular() || info.Size() > maxLockBytes) {
		return fault.Hintf("restore it from Git", "%s: it is no small regular file", DeclaredFile)
	}
	data, err := fs.ReadFile(root, DeclaredFile)
	if err != nil {
		return fmt.Errorf("%s: %w", DeclaredFile, err)
	}
	var list []declaration
	if err := strict.YAML(data, maxLockBytes, &list); err != nil {
		return fmt.Errorf("%s: %w", DeclaredFile, err)
	}
	var faults []error
	for _, d := range list {
		if err := c.declares(d); err != nil {
			faults = append(faults, fmt.Errorf("%s: %s: %w", DeclaredFile, d.Version, err))
		}
	}
	return errors.Join(faults...)
}

// declares takes in one entry.
func (c *Catalog) declares(d declaration) error {
	ref, err := ParseRef(d.Version)
	if err != nil {
		return err
	}
	_, locked := c.lock.Digest(ref)
	v := c.versions[ref]
	switch {
	case !locked:
		return fault.Hintf("write it into the version's own description", "the version is not published")
	case d.PodSecurity == nil && !d.AllowTags:
		return fault.Hintf("write podSecurity: {level: ..., reason: ...}, or allowTags: true", "it declares nothing")
	case v == nil: // its own fault is told
		return nil
	case v.PodSecurity != nil && d.PodSecurity != nil:
		return fault.Hintf("remove the entry", "the version declares podSecurity already")
	}
	v.AllowTags = v.AllowTags || d.AllowTags
	if d.PodSecurity == nil {
		return nil
	}
	v.PodSecurity = d.PodSecurity
	return d.PodSecurity.check()
}
