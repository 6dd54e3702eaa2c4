package render

import (
	"crypto/ed25519"
	"strings"

	"github.com/gatorcloud/sluice/renderer/model/manifest"
	"github.com/gatorcloud/sluice/renderer/model/tree"
)

// signing signs the descriptors that go into a sink: that of each directory with
// an Application, and a ring's members. What lies below such a directory is
// bound by its descriptor's digests and stays as it is.
type signing struct {
	tree.Sink
	key ed25519.PrivateKey
}

// signed returns the sink that signs with a key; without one it is the same.
func signed(sink tree.Sink, key ed25519.PrivateKey) tree.Sink {
	if _, already := sink.(signing); already || key == nil {
		return sink
	}
	return signing{sink, key}
}

// Put signs what is in d.
func (s signing) Put(path string, d *tree.Dir) error {
	d, err := s.dir(d)
	if err != nil {
		return err
	}
	return s.Sink.Put(path, d)
}

// PutFile signs a ring's descriptor and members; no other file is put alone that
// the plugin reads.
func (s signing) PutFile(path string, data []byte) error {
	if !strings.Contains(path, "/"+manifest.RingsDir+"/") {
		return s.Sink.PutFile(path, data)
	}
	return s.Sink.PutFile(path, manifest.Sign(data, s.key))
}

// dir returns d with signed descriptors.
func (s signing) dir(d *tree.Dir) (*tree.Dir, error) {
	if d == nil {
		return nil, nil
	}
	_, unit := d.Lookup(manifest.DescriptorFile)
	entries := make([]tree.Entry, 0, len(d.Entries()))
	for _, e := range d.Entries() {
		var err error
		switch {
		case e.Dir == nil:
			e.Data = manifest.Sign(e.Data, s.key)
		case !unit:
			e.Dir, err = s.dir(e.Dir)
		}
		if err != nil {
			return nil, err
		}
		entries = append(entries, e)
	}
	return tree.New(entries...)
}
