package hermetic

import (
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/api/konfig"
	"sigs.k8s.io/kustomize/api/types"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/tree"
)

// Tree checks every directory of dir that holds a kustomization as if it were built.
func Tree(dir *tree.Dir, limits Limits) error {
	var all []error
	visitDirs(dir, ".", func(name string, d *tree.Dir) {
		if kustomizationOf(d) != "" {
			all = append(all, Build(dir, name, limits))
		}
	})
	return errors.Join(all...)
}

func visitDirs(d *tree.Dir, name string, f func(string, *tree.Dir)) {
	f(name, d)
	for _, e := range d.Entries() {
		if e.Dir != nil {
			visitDirs(e.Dir, path.Join(name, e.Name), f)
		}
	}
}

// Build checks what a build of the directory root of dir reads and may grow to.
func Build(dir *tree.Dir, root string, limits Limits) error {
	_, err := newChecker(dir, limits).kustomization(root, false)
	return err
}

// checker follows the references of one tree.
type checker struct {
	dir    *tree.Dir
	limits Limits
	done   map[visit]load
	open   []string // directories being followed, the way from the root
	// annotated is set when the root asks for annotations on where objects come from.
	annotated bool
}

// visit names one result: as plugins, directories must obey stricter rules.
type visit struct {
	dir     string
	plugins bool
}

func newChecker(dir *tree.Dir, limits Limits) *checker {
	return &checker{dir: dir, limits: limits.withDefaults(), done: map[visit]load{}}
}

// kustomizationOf returns the name of the kustomization in d: "" unless there is exactly one.
func kustomizationOf(d *tree.Dir) string {
	found := ""
	for _, name := range konfig.RecognizedKustomizationFileNames() {
		if e, ok := d.Lookup(name); ok && e.Dir == nil {
			if found != "" {
				return ""
			}
			found = name
		}
	}
	return found
}

// kustomization checks one directory and everything below it in the graph of
// references. Directories without exactly one kustomization pass: kustomize
// refuses them without reading further.
func (c *checker) kustomization(name string, plugins bool) (load, error) {
	key := visit{name, plugins}
	if l, ok := c.done[key]; ok {
		return l, nil
	}
	if err := c.enter(name); err != nil {
		return load{}, err
	}
	defer func() { c.open = c.open[:len(c.open)-1] }()
	l, err := c.follow(name, plugins, load{})
	if err != nil {
		return load{}, err
	}
	c.done[key] = l
	return l, nil
}

// enter notes that a directory is being followed; a way back to it has no end.
func (c *checker) enter(name string) error {
	if slices.Contains(c.open, name) {
		return fault.Hintf("remove one of the references", "directory %q refers back to itself", name)
	}
	if len(c.open) >= c.limits.Depth {
		return fault.Hintf(hintSmaller, "directories refer to each other deeper than %d levels", c.limits.Depth)
	}
	c.open = append(c.open, name)
	return nil
}

// component checks a directory that works on the objects of another. What it
// costs depends on them, so it is followed each time; the number of files read
// bounds how often.
func (c *checker) component(name string, on load) (load, error) {
	if err := c.enter(name); err != nil {
		return load{}, err
	}
	defer func() { c.open = c.open[:len(c.open)-1] }()
	return c.follow(name, false, on)
}

// follow reads the kustomization of a directory and checks its fields; l is
// what it starts with.
func (c *checker) follow(name string, plugins bool, l load) (load, error) {
	e := tree.Entry{Dir: c.dir}
	if name != "." {
		e, _ = c.dir.Lookup(name)
	}
	file := kustomizationOf(e.Dir)
	if file == "" {
		return l, nil
	}
	s := scope{load: l.clone(), checker: c, dir: name, file: path.Join(name, file), plugins: plugins}
	data, _ := e.Dir.Read(file)
	_, sized, err := documents(data, c.limits)
	if err != nil {
		return load{}, s.wrap(err)
	}
	s.load.size = s.load.plus(sized)
	s.load.reads++
	var k types.Kustomization
	if err := k.Unmarshal(data); err != nil {
		return load{}, s.wrap(fault.Hintf("see the reference of kustomization.yaml", "%w", err))
	}
	k.FixKustomization()
	if len(c.open) == 1 {
		c.annotated = len(k.BuildMetadata) > 0
	}
	if err := s.fields(&k); err != nil {
		return load{}, err
	}
	s.load.work = min(s.load.work+times(s.load.objects, s.load.nodes), huge)
	return s.load, s.wrap(c.limits.checkLoad(s.load))
}

// scope is one kustomization whose fields are being checked.
type scope struct {
	*checker
	dir, file string
	plugins   bool
	load      load
}

// wrap names the file in an error.
func (s *scope) wrap(err error) error { return s.fail("", err) }

// fail names the file and the field in an error. The innermost file is named;
// the way to it is not.
func (s *scope) fail(field string, err error) error {
	var inner *located
	if err == nil || errors.As(err, &inner) {
		return err
	}
	if field != "" {
		err = fmt.Errorf("%s: %w", field, err)
	}
	return &located{fmt.Errorf("checking %q: %w", s.file, err)}
}

// located is an error that names its file.
type located struct{ error }

// Error returns the message on one line: parsers answer with several.
func (l *located) Error() string { return strings.Join(strings.Fields(l.error.Error()), " ") }

// Unwrap returns the error with its message.
func (l *located) Unwrap() error { return l.error }

// find resolves a reference to an entry of the tree.
func (s *scope) find(ref string) (string, tree.Entry, error) {
	name, err := Local(s.dir, ref)
	if err != nil {
		return "", tree.Entry{}, err
	}
	if name == "." {
		return name, tree.Entry{Dir: s.checker.dir}, nil
	}
	e, ok := s.checker.dir.Lookup(name)
	if !ok {
		return "", tree.Entry{}, fault.Hintf(hintLocal, "%s does not exist in the tree", quote(ref))
	}
	return name, e, nil
}

// data reads a file of any format and counts it.
func (s *scope) data(ref string) ([]byte, error) {
	_, e, err := s.find(ref)
	if err != nil {
		return nil, err
	}
	if e.Dir != nil {
		return nil, fault.Hintf("name a file", "%s is a directory", quote(ref))
	}
	if len(e.Data) > s.limits.File {
		return nil, fault.Hintf(hintSmaller, "%s has %d bytes, at most %d are read", quote(ref), len(e.Data), s.limits.File)
	}
	s.load.size = s.load.plus(size{bytes: len(e.Data), nodes: 1, reads: 1})
	return e.Data, s.limits.check(s.load.size)
}

// yaml reads a file of YAML documents and counts it.
func (s *scope) yaml(ref string) ([]*yaml.Node, []byte, error) {
	data, err := s.data(ref)
	if err != nil {
		return nil, nil, err
	}
	docs, sized, err := documents(data, s.limits)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", quote(ref), err)
	}
	s.load.size = s.load.plus(sized)
	return docs, data, s.limits.check(s.load.size)
}
