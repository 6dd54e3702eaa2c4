package image

import (
	"cmp"
	"fmt"
	"regexp"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/gatorcloud/sluice/renderer/model/fault"
)

// Path is where the image has the plugin.
const Path = bin + "sluice-cmp"

// bin is where images have their program.
const bin = "/usr/local/bin/"

// User is Argo CD's account: sidecars of the repo-server must run as it.
const User = 999

// Program is what an image runs.
type Program struct {
	// Name is the program's file name and the image's title.
	Name        string
	Description string
	// Command are the arguments that it gets by default.
	Command []string
	// Account and User are the name and the number that it runs as; its group
	// has the same.
	Account string
	User    int
	// Home and Folders are the account's own directories, parents first. The
	// others of the image are root's.
	Home    string
	Folders []string
}

// Plugin returns the plugin's program. The folders below /home are where Argo
// CD mounts a plugin's sockets and configuration.
func Plugin() Program {
	return Program{
		Name: "sluice-cmp", Description: "Argo CD config management plugin of sluice", Command: []string{"serve"},
		Account: "argocd", User: User, Home: "/home/argocd",
		Folders: []string{"/home/argocd/cmp-server", "/home/argocd/cmp-server/config", "/home/argocd/cmp-server/plugins"},
	}
}

// Options say what goes into an image.
type Options struct {
	// Program is what the image runs; Plugin when its name is empty.
	Program Program
	// Version is the image's tag and its version label.
	Version string
	// Revision is the commit that the binaries were built from; when empty, it
	// is the one that Go wrote into the binary, if any.
	Revision string
	// Binaries are the builds of the program, one for each platform.
	Binaries [][]byte
	// Authorities are the certificates, in PEM, of those whom the program
	// trusts. A program that opens no connection needs none.
	Authorities []byte
}

// program returns what the image runs.
func (o Options) program() Program {
	if o.Program.Name == "" {
		return Plugin()
	}
	return o.Program
}

// tag is what registries take as a tag.
var tag = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$`)

// Build returns an index with one image for each platform.
func Build(o Options) (v1.ImageIndex, error) {
	if !tag.MatchString(o.Version) {
		return nil, fault.Hintf("use letters, digits, '_', '.' and '-'", "building image: version %q is no tag", o.Version)
	}
	o.Program = o.program()
	if len(o.Binaries) == 0 {
		return nil, fault.Hintf("name a build of "+o.Program.Name, "building image %q: no binaries", o.Version)
	}
	authorities, err := bundle(o.Authorities)
	if err != nil {
		return nil, fmt.Errorf("building image %q: %w", o.Version, err)
	}
	o.Authorities = authorities
	index := mutate.IndexMediaType(empty.Index, types.OCIImageIndex)
	binaries, err := platforms(o.Binaries)
	if err != nil {
		return nil, fmt.Errorf("building image %q: %w", o.Version, err)
	}
	for _, b := range binaries {
		img, err := one(o, b)
		if err != nil {
			return nil, fmt.Errorf("building image %q: platform %q: %w", o.Version, b.platform, err)
		}
		platform := &v1.Platform{OS: "linux", Architecture: b.arch()}
		index = mutate.AppendManifests(index, mutate.IndexAddendum{Add: img, Descriptor: v1.Descriptor{Platform: platform}})
	}
	return index, nil
}

// one returns the image of one platform.
func one(o Options, b binary) (v1.Image, error) {
	layer, err := layer(entries(o, b.data))
	if err != nil {
		return nil, err
	}
	base := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON)
	img, err := mutate.Append(base, mutate.Addendum{Layer: layer, History: v1.History{Created: epoch(), CreatedBy: "sluice " + o.Version}})
	if err != nil {
		return nil, err
	}
	config, err := img.ConfigFile()
	if err != nil {
		return nil, err
	}
	config = config.DeepCopy()
	config.Created, config.OS, config.Architecture = epoch(), "linux", b.arch()
	config.Config = v1.Config{
		User:       fmt.Sprintf("%d:%d", o.Program.User, o.Program.User),
		Env:        []string{"PATH=/usr/local/bin"},
		Entrypoint: []string{bin + o.Program.Name},
		Cmd:        o.Program.Command,
		WorkingDir: "/",
		Labels:     labels(o, b),
	}
	return mutate.ConfigFile(img, config)
}

func labels(o Options, b binary) map[string]string {
	all := map[string]string{
		"org.opencontainers.image.title":       o.Program.Name,
		"org.opencontainers.image.description": o.Program.Description,
		"org.opencontainers.image.version":     o.Version,
	}
	if revision := cmp.Or(o.Revision, b.setting("vcs.revision")); revision != "" {
		all["org.opencontainers.image.revision"] = revision
	}
	return all
}

// epoch is the only time that an image contains.
func epoch() v1.Time { return v1.Time{Time: time.Unix(0, 0).UTC()} }
