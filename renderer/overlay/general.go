package overlay

import (
	"context"
	"fmt"
	"strings"

	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/api/types"
	"sigs.k8s.io/kustomize/kyaml/openapi"

	"github.com/gatorcloud/sluice/renderer/fault"
	"github.com/gatorcloud/sluice/renderer/tree"
)

// turn is held by the one build that kustomize runs at a time. It belongs to
// the process because kustomize's schema does.
var turn = make(chan struct{}, 1)

// outcome is what a finished kustomize run hands back.
type outcome struct {
	manifests []byte
	err       error
}

// general runs kustomize on the tree. When ctx ends first, the run goes on in
// the background until it is through (its input is bounded) and keeps its turn.
func general(ctx context.Context, dir *tree.Dir, root string) ([]byte, error) {
	if !within(root) {
		return nil, fault.Mend("name a directory inside the tree", "building %q: not a path inside the tree", root)
	}
	select {
	case turn <- struct{}{}:
	case <-ctx.Done():
		return nil, fmt.Errorf("building %q: waiting for kustomize: %w", root, context.Cause(ctx))
	}
	done := make(chan outcome, 1)
	go func() {
		defer func() { <-turn }()
		m, err := run(dir, root)
		done <- outcome{m, err}
	}()
	select {
	case o := <-done:
		return o.manifests, o.err
	case <-ctx.Done():
		return nil, fmt.Errorf("building %q: running kustomize: %w", root, context.Cause(ctx))
	}
}

// run calls kustomize with the options that its command line has by default.
// The caller holds the turn.
func run(dir *tree.Dir, root string) (manifests []byte, err error) {
	defer func() {
		if p := recover(); p != nil {
			manifests, err = nil, refusal(root, fmt.Errorf("kustomize panicked: %v", p))
		}
	}()
	defer openapi.ResetOpenAPI()
	options := krusty.MakeDefaultOptions()
	options.Reorder = krusty.ReorderOptionUnspecified
	options.LoadRestrictions = types.LoadRestrictionsRootOnly
	m, err := krusty.MakeKustomizer(options).Run(files{dir}, "/"+root)
	if err != nil {
		return nil, refusal(root, err)
	}
	manifests, err = m.AsYaml()
	if err != nil {
		return nil, refusal(root, err)
	}
	return manifests, nil
}

// refusal wraps kustomize's answer, which may have many lines, into one line.
func refusal(root string, err error) error {
	line := strings.Join(strings.FieldsFunc(err.Error(), func(r rune) bool { return r == '\n' || r == '\r' }), "; ")
	return &fault.Error{
		Class: fault.Person,
		Hint:  "run `kustomize build` in this directory to see the same refusal",
		Err:   fmt.Errorf("building %q: %w", root, &kustomizeError{line, err}),
	}
}

// kustomizeError is an error of kustomize with its message on one line.
type kustomizeError struct {
	line string
	err  error
}

// Error returns the message on one line.
func (e *kustomizeError) Error() string { return e.line }

// Unwrap returns kustomize's own error.
func (e *kustomizeError) Unwrap() error { return e.err }
