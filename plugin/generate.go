package plugin

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"fmt"

	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/manifest"
	"github.com/gatorcloud/sluice/renderer/model/tree"
)

// Builder builds a Kustomize directory to the bytes of `kustomize build`.
// *overlay.Engine is one.
type Builder interface {
	Build(ctx context.Context, dir *tree.Dir, root string) ([]byte, error)
}

// Level is a level of the tree of Applications.
type Level string

// The levels that a directory can be; metrics, logs and labels name them so.
const (
	LevelRing    Level = manifest.LevelRing
	LevelTenant  Level = "tenant"
	LevelProduct Level = "product"
	LevelShared  Level = "shared"
)

// Result is what a directory generates: one YAML document for each object.
type Result struct {
	Level     Level
	Documents [][]byte
	// Known says that the overlay's base was seen before.
	Known bool
}

// Stream returns the documents as one YAML stream. For an overlay these are
// the bytes of `kustomize build`.
func (r Result) Stream() []byte { return bytes.Join(r.Documents, []byte("---\n")) }

// Generator generates directories of all levels. It is safe for concurrent
// use and remembers nothing but what it read in bases.
type Generator struct {
	builder Builder
	keys    []ed25519.PublicKey // of renderers; without any a seal is a digest
	bases   bases
	allowed allowed
}

// New returns a generator that builds overlays with b.
func New(b Builder) *Generator { return &Generator{builder: b} }

// NewTrusting returns a generator that generates only what the owner of one of
// the keys has sealed.
func NewTrusting(b Builder, keys []ed25519.PublicKey) *Generator {
	return &Generator{builder: b, keys: keys}
}

// signed refuses a directory whose descriptor, or in a ring whose members, none
// of the keys has signed; their digests bind the rest.
func (g *Generator) signed(kind string, d *tree.Dir) error {
	for _, e := range d.Entries() {
		if len(g.keys) == 0 || e.Dir != nil || kind != manifest.KindRing && e.Name != manifest.DescriptorFile {
			continue
		}
		if err := manifest.Verify(e.Data, g.keys); err != nil {
			return because(ReasonSeal, fmt.Errorf("%s: %w", fault.Clip(e.Name), err))
		}
	}
	return nil
}

// Generate returns the manifests of a request, never none. Whatever the
// directory's own files say, an error means that nothing may be applied; see
// Reason for the refusals. The level is set as far as it was found.
func (g *Generator) Generate(ctx context.Context, r Request) (Result, error) {
	kind, file, err := level(r.Dir)
	if err != nil {
		return Result{}, err
	}
	if err := g.signed(kind, r.Dir); err != nil {
		return Result{}, wrap("directory", r, err)
	}
	switch kind {
	case manifest.KindRing:
		docs, err := ring(r, file)
		return Result{Level: LevelRing, Documents: docs}, wrap("ring", r, err)
	case manifest.KindTenantBase:
		docs, err := g.tenant(ctx, r, file)
		return Result{Level: LevelTenant, Documents: docs}, wrap("tenant", r, err)
	case manifest.KindOverlay:
		result, err := g.product(ctx, r, file)
		return result, wrap("overlay", r, err)
	}
	return Result{}, refuse(ReasonDirectory, hintDirectory, "directory is of kind %s, which has no Application", fault.Clip(kind))
}

const hintDirectory = "the Application's path must be a directory that sluice rendered for it"

// level returns the kind of a directory and its descriptor.
func level(d *tree.Dir) (kind string, file []byte, err error) {
	file, err = d.Read(manifest.DescriptorFile)
	if err != nil {
		return "", nil, refuse(ReasonDirectory, hintDirectory, "directory has no %s", manifest.DescriptorFile)
	}
	kind, err = manifest.KindOf(file)
	return kind, file, because(ReasonDirectory, err)
}

// decode reads a descriptor; an edited one is refused for its seal.
func decode(file []byte, kind string, out any) error {
	if _, err := manifest.Unseal(file); err != nil {
		return because(ReasonSeal, fmt.Errorf("%s: %w", manifest.DescriptorFile, err))
	}
	return because(ReasonDirectory, manifest.Decode(file, kind, out))
}

// wrap says which directory an error is about.
func wrap(what string, r Request, err error) error {
	switch {
	case err == nil:
		return nil
	case r.App == "":
		return fmt.Errorf("generating %s: %w", what, err)
	}
	return fmt.Errorf("generating %s %s: %w", what, fault.Clip(r.App), err)
}

// build runs the builder on a directory.
func (g *Generator) build(ctx context.Context, d *tree.Dir) ([]byte, error) {
	out, err := g.builder.Build(ctx, d, ".")
	return out, because(ReasonBuild, err)
}
