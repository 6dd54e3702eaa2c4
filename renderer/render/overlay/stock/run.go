package stock

import (
	"context"
	"fmt"
	"path"
	"strings"

	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/api/resmap"
	"sigs.k8s.io/kustomize/api/types"
	"sigs.k8s.io/kustomize/kyaml/openapi"

	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/tree"
)

// turn is held by the one run that is under way in this process. It is a
// package variable because kustomize's schema is one, too.
var turn = make(chan struct{}, 1)

// Build returns what `kustomize build` prints for the directory root, a slash
// path inside dir.
func Build(ctx context.Context, dir *tree.Dir, root string) ([]byte, error) {
	var manifests []byte
	err := Visit(ctx, dir, root, func(m resmap.ResMap) (err error) {
		manifests, err = m.AsYaml()
		return err
	})
	if err != nil {
		return nil, err
	}
	return manifests, nil
}

// Visit builds root and hands the objects to f, which may change them, while
// the run still has its turn. When ctx ends first, Visit returns at once; the
// run goes on in the background until it is through and keeps its turn, and
// whatever f has written meanwhile must not be used.
func Visit(ctx context.Context, dir *tree.Dir, root string, f func(resmap.ResMap) error) error {
	if !within(root) {
		return fault.Hintf("name a directory inside the tree", "building %q: not a path inside the tree", root)
	}
	return alone(ctx, root, func() error { return run(dir, root, f) })
}

// alone runs f, which uses kustomize's libraries for the directory root, while
// no build is under way. It ends as Visit does; a panic in f is an error.
func alone(ctx context.Context, root string, f func() error) error {
	select {
	case turn <- struct{}{}:
	case <-ctx.Done():
		return late(ctx, root, "waiting for kustomize")
	}
	done := make(chan error, 1)
	go func() {
		defer func() { <-turn }()
		done <- guarded(root, f)
	}()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return late(ctx, root, "running kustomize")
	}
}

// guarded runs f and makes an error of a panic and of the end of the process.
func guarded(root string, f func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = refusal(root, fmt.Errorf("kustomize panicked: %v", p))
		}
	}()
	defer watchFatal()()
	defer resetSchema(openapi.GetSchemaVersion())
	return f()
}

// late is the error of a build that ctx ended.
func late(ctx context.Context, root, doing string) error {
	return fault.New(fault.Retry, "try again with more time; split the directory if it is large",
		"building %q: %s: %w", root, doing, context.Cause(ctx))
}

// run calls kustomize with the options that its command line has by default.
// The caller holds the turn.
func run(dir *tree.Dir, root string, f func(resmap.ResMap) error) error {
	options := krusty.MakeDefaultOptions()
	options.Reorder = krusty.ReorderOptionUnspecified
	options.LoadRestrictions = types.LoadRestrictionsRootOnly
	m, err := krusty.MakeKustomizer(options).Run(files{dir}, path.Join("/", root))
	if err != nil {
		return refusal(root, err)
	}
	if err := f(m); err != nil {
		return refusal(root, err)
	}
	return nil
}

// resetSchema forgets a schema that the run has put in place of the one before.
// Forgetting it always would make every run parse the built-in schema again.
func resetSchema(before string) {
	if openapi.GetSchemaVersion() != before {
		openapi.ResetOpenAPI()
	}
}

// refusal puts kustomize's answer, which may have many lines, on one line.
func refusal(root string, err error) error {
	line := strings.Join(strings.FieldsFunc(err.Error(), func(r rune) bool { return r == '\n' || r == '\r' }), "; ")
	return fault.Hintf("`kustomize build` of this directory gives the same refusal",
		"building %q: %w", root, &oneLine{line, err})
}

// oneLine is an error of kustomize with its message on one line.
type oneLine struct {
	line string
	err  error
}

// Error returns the message on one line.
func (e *oneLine) Error() string { return e.line }

// Unwrap returns kustomize's own error.
func (e *oneLine) Unwrap() error { return e.err }
