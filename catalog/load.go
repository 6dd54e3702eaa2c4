package catalog

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"sync"

	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/tree"
)

// Folders of the catalog directory.
const (
	productsDir = "products"
	sharedDir   = "shared"
	schemasDir  = "schemas"
)

// faults are collected by place, so that their order does not depend on the
// order of discovery.
type faults map[string][]error

func (f faults) add(place string, errs ...error) { f[place] = append(f[place], errs...) }

// join returns all faults as one error, ordered by place.
func (f faults) join() error {
	var all []error
	for _, place := range slices.Sorted(maps.Keys(f)) {
		all = append(all, f[place]...)
	}
	return errors.Join(all...)
}

// Faults returns the single faults that an error of this package joins.
func Faults(err error) []error {
	if err == nil {
		return nil
	}
	if joined, ok := err.(interface{ Unwrap() []error }); ok { // only the outermost join is taken apart
		return joined.Unwrap()
	}
	return []error{err}
}

// Reader loads catalogs one after the other, of which most is the same: what
// costs is to decode the files of a version, which never change once published.
// The zero value works. It is safe for concurrent use.
type Reader struct {
	mu   sync.Mutex
	last map[Ref]*Version // the good versions of the last catalog, as their own files say
}

// load reads all versions and resolves the references between them.
func (r *Reader) load(root fs.FS) (*Catalog, faults) {
	r.mu.Lock()
	last := r.last
	r.mu.Unlock()
	good := map[Ref]*Version{}
	c := &Catalog{versions: map[Ref]*Version{}, digests: map[Ref]string{}, shared: map[string]int{}}
	f := faults{}
	for _, ref := range find(root, f) {
		v, digest, errs := readVersion(root, ref, last[ref])
		c.digests[ref] = digest
		if len(errs) == 0 {
			own := *v // the catalog may declare more of it
			good[ref], c.versions[ref] = v, &own
		}
		for _, e := range errs {
			f.add(ref.String(), fmt.Errorf("%s/%w", ref, e))
		}
	}
	r.mu.Lock()
	r.last = good
	r.mu.Unlock()
	c.resolve(f)
	c.schemas = readSchemas(root, f)
	var err error
	c.lock, err = readLock(root)
	f.add(LockFile, Faults(err)...)
	f.add(DeclaredFile, Faults(c.declare(root))...)
	return c, f
}

// readVersion reads and decodes one version, unless its files are those of last,
// which may be nil; the digest is empty when the files could not all be read.
func readVersion(root fs.FS, ref Ref, last *Version) (*Version, string, []error) {
	files, errs := readDir(root, ref.String())
	if len(errs) > 0 {
		return nil, "", errs
	}
	digest := tree.Digest(files)
	if last != nil && last.Digest == digest {
		return last, digest, nil
	}
	v, errs := decode(ref, files)
	return v, digest, errs
}

// readSchemas reads the definitions of custom kinds that the catalog's clusters
// have; there need not be any.
func readSchemas(root fs.FS, f faults) *tree.Dir {
	if _, err := fs.Lstat(root, schemasDir); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	files, errs := readDir(root, schemasDir)
	for _, e := range errs {
		f.add(schemasDir, fmt.Errorf("%s/%w", schemasDir, e))
	}
	return files
}

// readLock reads catalog.lock; a catalog without one has published nothing.
func readLock(root fs.FS) (Lock, error) {
	info, err := fs.Lstat(root, LockFile)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return ParseLock(nil)
	case err != nil:
		return Lock{}, fmt.Errorf("%s: %w", LockFile, err)
	case !info.Mode().IsRegular():
		return Lock{}, fault.Hintf("restore it from Git", "%s: it is no regular file", LockFile)
	case info.Size() > maxLockBytes:
		return Lock{}, fault.Hintf("restore it from Git", "%s: %d bytes, at most %d are allowed", LockFile, info.Size(), maxLockBytes)
	}
	data, err := fs.ReadFile(root, LockFile)
	if err != nil {
		return Lock{}, fmt.Errorf("%s: %w", LockFile, err)
	}
	return ParseLock(data)
}

// find returns the version folders of the catalog, sorted. Files beside them
// are for people and passed over; links and bad names are faults.
func find(root fs.FS, f faults) []Ref {
	var refs []Ref
	for _, top := range []string{productsDir, sharedDir} {
		for _, name := range folders(root, top, f) {
			for _, version := range folders(root, path.Join(top, name), f) {
				ref := Ref{Shared: top == sharedDir, Name: name, Version: version}
				if err := ref.check(); err != nil {
					f.add(ref.String(), fmt.Errorf("%s: %w", ref, err))
					continue
				}
				refs = append(refs, ref)
			}
		}
	}
	if len(refs) == 0 && len(f) == 0 {
		f.add("", fault.Hintf("a version is a folder products/<product>/<version> with a product.yaml", "the catalog has no version"))
	}
	return refs
}

// folders returns the names of the directories in dir. There need not be a
// shared directory, nor an empty one.
func folders(root fs.FS, dir string, f faults) []string {
	info, err := fs.Lstat(root, dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		f.add(dir, fmt.Errorf("%s: %w", dir, err))
		return nil
	}
	if !info.IsDir() {
		f.add(dir, fault.Hintf("make it a directory", "%s: symbolic links and files are not allowed here", dir))
		return nil
	}
	entries, err := fs.ReadDir(root, dir)
	if err != nil {
		f.add(dir, fmt.Errorf("%s: %w", dir, err))
	}
	var names []string
	for _, e := range entries {
		switch {
		case e.IsDir():
			names = append(names, e.Name())
		case !e.Type().IsRegular():
			place := path.Join(dir, e.Name())
			f.add(place, fault.Hintf("put a copy of the folder there", "%s: symbolic links are not allowed", place))
		}
	}
	return names
}
