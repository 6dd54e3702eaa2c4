package image

import (
	"archive/tar"
	"bytes"
	"fmt"
	"io"
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

// entries returns the content of the image, parents first. The directories
// below /home are where Argo CD mounts a plugin's sockets and configuration.
func entries(binary []byte) []entry {
	const home = "home/argocd/"
	account := fmt.Sprintf("argocd:x:%d:%d::/%s:/sbin/nologin\n", User, User, strings.TrimSuffix(home, "/"))
	return []entry{
		{name: "etc/", mode: 0o755},
		{name: "etc/group", mode: 0o644, data: fmt.Appendf(nil, "argocd:x:%d:\n", User)},
		{name: "etc/passwd", mode: 0o644, data: []byte(account)},
		{name: "home/", mode: 0o755},
		{name: home, mode: 0o755, owner: User},
		{name: home + "cmp-server/", mode: 0o755, owner: User},
		{name: home + "cmp-server/config/", mode: 0o755, owner: User},
		{name: home + "cmp-server/plugins/", mode: 0o755, owner: User},
		{name: "tmp/", mode: 0o1777},
		{name: "usr/", mode: 0o755},
		{name: "usr/local/", mode: 0o755},
		{name: "usr/local/bin/", mode: 0o755},
		{name: strings.TrimPrefix(Path, "/"), mode: 0o755, data: binary},
	}
}

// layer returns the image's only layer.
func layer(binary []byte) (v1.Layer, error) {
	var archive bytes.Buffer
	w := tar.NewWriter(&archive)
	for _, e := range entries(binary) {
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
