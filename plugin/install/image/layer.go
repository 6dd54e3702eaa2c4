package image

import (
	"archive/tar"
	"bytes"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// entry is a file or, with a name that ends in a slash, a directory.
type entry struct {
	name  string
	mode  int64
	owner int
	data  []byte
}

// entries returns the content of the image, parents first. Only the account's
// own directories can be written by it.
func entries(o Options, binary []byte) []entry {
	p := o.Program
	account := fmt.Sprintf("%s:x:%d:%d::%s:/sbin/nologin\n", p.Account, p.User, p.User, p.Home)
	all := []entry{
		{name: "etc/group", mode: 0o644, data: fmt.Appendf(nil, "%s:x:%d:\n", p.Account, p.User)},
		{name: "etc/passwd", mode: 0o644, data: []byte(account)},
		{name: "tmp/", mode: 0o1777},
		{name: strings.TrimPrefix(bin, "/") + p.Name, mode: 0o755, data: binary},
	}
	for _, dir := range append([]string{p.Home}, p.Folders...) {
		all = append(all, entry{name: strings.TrimPrefix(dir, "/") + "/", mode: 0o755, owner: p.User})
	}
	if len(o.Authorities) > 0 {
		all = append(all, entry{name: authorities, mode: 0o644, data: o.Authorities})
	}
	return parents(all)
}

// parents returns entries sorted, with the directories that they are in.
func parents(all []entry) []entry {
	known := map[string]bool{}
	for _, e := range all {
		known[e.name] = true
	}
	for _, e := range all {
		for dir := path.Dir(strings.TrimSuffix(e.name, "/")); dir != "."; dir = path.Dir(dir) {
			if !known[dir+"/"] {
				known[dir+"/"] = true
				all = append(all, entry{name: dir + "/", mode: 0o755})
			}
		}
	}
	slices.SortFunc(all, func(a, b entry) int { return strings.Compare(a.name, b.name) })
	return all
}

// layer returns the image's only layer.
func layer(content []entry) (v1.Layer, error) {
	var archive bytes.Buffer
	w := tar.NewWriter(&archive)
	for _, e := range content {
		h := &tar.Header{
			Name: e.name, Mode: e.mode, Size: int64(len(e.data)), Uid: e.owner, Gid: e.owner,
			ModTime: epoch().Time, Format: tar.FormatUSTAR, Typeflag: tar.TypeReg,
		}
		if strings.HasSuffix(e.name, "/") {
			h.Typeflag = tar.TypeDir
		}
		if err := w.WriteHeader(h); err != nil {
			return nil, fmt.Errorf("writing layer: %q: %w", e.name, err)
		}
		if _, err := w.Write(e.data); err != nil {
			return nil, fmt.Errorf("writing layer: %q: %w", e.name, err)
		}
	}
	if err := w.Close(); err != nil {
		return nil, fmt.Errorf("writing layer: %w", err)
	}
	open := func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(archive.Bytes())), nil }
	return tarball.LayerFromOpener(open, tarball.WithMediaType(types.OCILayer))
}
