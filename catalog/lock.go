package catalog

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/model/manifest"
	"github.com/gatorcloud/sluice/renderer/model/tree"
)

// LockFile is the name of the lock in the catalog directory.
const LockFile = "catalog.lock"

const maxLockBytes = 4 << 20

// Lock holds the digest of every published version. It is a value: Add
// returns another Lock.
type Lock struct{ digests map[Ref]string }

// ParseLock parses a lock file: lines "<ref> <digest>", "#" begins a comment.
// The error joins every fault.
func ParseLock(data []byte) (Lock, error) {
	l := Lock{map[Ref]string{}}
	if len(data) > maxLockBytes {
		return l, fault.Hintf("restore it from Git", "%s: %d bytes, at most %d are allowed", LockFile, len(data), maxLockBytes)
	}
	var faults []error
	for i, line := range bytes.Split(data, []byte("\n")) {
		text := strings.TrimSuffix(string(line), "\r")
		if text == "" || strings.HasPrefix(text, "#") {
			continue
		}
		if err := l.parseLine(text); err != nil {
			faults = append(faults, fmt.Errorf("%s: line %d: %w", LockFile, i+1, err))
		}
	}
	return l, errors.Join(faults...)
}

func (l Lock) parseLine(text string) error {
	name, digest, _ := strings.Cut(text, " ")
	ref, err := ParseRef(name)
	if err != nil {
		return err
	}
	if !digestForm.MatchString(digest) {
		return fault.Hintf("write <ref> <digest>; after a merge conflict keep the lines of both sides", "%s is no digest", quote(digest))
	}
	if other, ok := l.digests[ref]; ok && other != digest {
		return fault.Hintf("keep the line that was published first", "%s has two digests", ref)
	}
	l.digests[ref] = digest
	return nil
}

// ParseRef parses the form that Ref.String gives.
func ParseRef(s string) (Ref, error) {
	bad := func() (Ref, error) {
		return Ref{}, fault.Hintf("write products/<product>/<version> or shared/<component>/<version>", "%s is no version of the catalog", quote(s))
	}
	parts := strings.Split(s, "/")
	if len(parts) != 3 {
		return bad()
	}
	ref := Ref{Shared: parts[0] == sharedDir, Name: parts[1], Version: parts[2]}
	if parts[0] != sharedDir && parts[0] != productsDir || ref.check() != nil {
		return bad()
	}
	return ref, nil
}

// check passes the names of r through their gates.
func (r Ref) check() error {
	var err error
	if r.Shared {
		_, err = ident.Parse[ident.ComponentKind](r.Name)
	} else {
		_, err = ident.Parse[ident.ProductKind](r.Name)
	}
	if err != nil {
		return err
	}
	_, err = ident.Parse[ident.VersionKind](r.Version)
	return err
}

// Compare orders refs: products before shared components, by name, then by version.
func (r Ref) Compare(o Ref) int {
	if r.Shared != o.Shared {
		if r.Shared {
			return 1
		}
		return -1
	}
	return cmp.Or(strings.Compare(r.Name, o.Name), ident.CompareVersions(r.Version, o.Version))
}

// Digest returns the published digest of a version.
func (l Lock) Digest(ref Ref) (string, bool) {
	d, ok := l.digests[ref]
	return d, ok
}

// Add returns a lock that also has those of digests that l has not. The digest
// of a version that l has is never changed.
func (l Lock) Add(digests map[Ref]string) Lock {
	all := maps.Clone(digests)
	if all == nil {
		all = map[Ref]string{}
	}
	maps.Copy(all, l.digests)
	return Lock{all}
}

// Encode returns the lock file, one line a version in order.
func (l Lock) Encode() []byte {
	var b bytes.Buffer
	for _, ref := range slices.SortedFunc(maps.Keys(l.digests), Ref.Compare) {
		fmt.Fprintf(&b, "%s %s\n", ref, l.digests[ref])
	}
	return b.Bytes()
}

// Verify compares the lock with the versions that are there. The error joins a
// fault for each version that changed, is missing from the lock, or is gone.
func (l Lock) Verify(versions []*Version) error {
	known, digests := map[Ref]*Version{}, map[Ref]string{}
	for _, v := range versions {
		known[v.Ref], digests[v.Ref] = v, v.Digest
	}
	faults := l.verify(digests, known)
	var ordered []error
	for _, ref := range slices.SortedFunc(maps.Keys(faults), Ref.Compare) {
		ordered = append(ordered, faults[ref])
	}
	return errors.Join(ordered...)
}

// verify returns a fault for each version that has one. A version with an
// empty digest is there and could not be read: that is another fault.
func (l Lock) verify(digests map[Ref]string, versions map[Ref]*Version) map[Ref]error {
	faults := map[Ref]error{}
	for ref, digest := range digests {
		locked, ok := l.digests[ref]
		switch {
		case digest == "":
		case !ok:
			faults[ref] = fault.Hintf("run `sluice catalog lock` to publish it", "%s: version is not in %s", ref, LockFile)
		case locked != digest && versions[ref] != nil && tree.SameButLineEnds(versions[ref].Files, locked):
			faults[ref] = fault.Hintf(manifest.KeepLineEnds, "%s: its line ends are not those that were published, CRLF here or there; nothing else differs", ref)
		case locked != digest:
			faults[ref] = fault.Hintf("revert the edit and publish the next version in a folder of its own",
				"%s: published version was changed: digest %s is not the locked %s", ref, short(digest), short(locked))
		}
	}
	for ref := range l.digests {
		if _, ok := digests[ref]; !ok {
			faults[ref] = fault.Hintf("restore the folder from Git, or remove the line once no environment uses the version",
				"%s: version is in %s and not in the catalog", ref, LockFile)
		}
	}
	return faults
}

// short cuts a digest to what people compare.
func short(digest string) string { return digest[:min(len(digest), len("sha256:")+12)] }
