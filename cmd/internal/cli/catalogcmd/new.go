package catalogcmd

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/gatorcloud/sluice/catalog"
	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/ident"
)

func newNew(dir *string) *cobra.Command {
	var from string
	cmd := &cobra.Command{
		Use:   "new PRODUCT/VERSION",
		Short: "Begin a version as a copy of another one",
		Long: `New copies a version into a folder of its own, writes the new version into its
description and gives every Job, whose template cannot change, a name that ends in
it, wherever that name is used. Publishing is for later: catalog.lock stays.`,
		Example: `  # the next version of swg, from its newest one
  sluice catalog new swg/203

  # a fix of an older one
  sluice catalog new swg/200.1 --from swg/200`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return withCatalog(*dir, func(c *catalog.Catalog, _ error, root *os.Root) error {
				n, err := parseNew(c, args[0], from)
				if err != nil {
					return err
				}
				return n.make(cmd, root)
			})
		},
		ValidArgsFunction: complete(dir),
	}
	cmd.Flags().StringVar(&from, "from", "", "version to copy, as swg/202; the newest of the product by default")
	return cmd
}

// copying is a version that is to be made from another one.
type copying struct {
	from *catalog.Version
	to   catalog.Ref
	jobs []string // as they are named in the copy
}

func parseNew(c *catalog.Catalog, arg, from string) (*copying, error) {
	i := strings.LastIndexByte(arg, '/')
	version, err := ident.Parse[ident.VersionKind](arg[i+1:])
	if i < 1 || err != nil {
		return nil, fault.Hintf("write it as swg/203 or shared/identity/5", "reading %s: it is no version of something", fault.Clip(arg))
	}
	v, err := find(c, cmp.Or(from, arg[:i]))
	if err != nil {
		return nil, fmt.Errorf("copying a version to %s: %w", fault.Clip(arg), err)
	}
	to := v.Ref
	to.Version = version.String()
	if to.Short() != arg {
		return nil, fault.Hintf("name a version of the same", "copying %q to %s: they are not versions of each other", v.Ref.Short(), fault.Clip(arg))
	}
	return &copying{from: v, to: to}, nil
}

// make writes the copy in one step, and says what to do with it.
func (n *copying) make(cmd *cobra.Command, root *os.Root) error {
	files, err := n.files(root)
	if err != nil {
		return fmt.Errorf("copying %q: %w", n.from.Ref.Short(), err)
	}
	if _, err := root.Lstat(n.to.String()); err == nil {
		return fault.Hintf("give the next version", "copying %q: %q is there already", n.from.Ref.Short(), n.to.Short())
	}
	const next = ".version.next" // where no version is looked for
	err = root.RemoveAll(next)
	for _, name := range slices.Sorted(maps.Keys(files)) {
		file := path.Join(next, name)
		if err == nil {
			err = root.MkdirAll(path.Dir(file), 0o755)
		}
		if err == nil {
			err = root.WriteFile(file, files[name], 0o644)
		}
	}
	if err == nil {
		err = root.Rename(next, n.to.String())
	}
	if err != nil {
		return errors.Join(fmt.Errorf("writing %s: %w", n.to, err), root.RemoveAll(next))
	}
	n.say(cmd.ErrOrStderr())
	_, err = fmt.Fprintln(cmd.OutOrStdout(), n.to.Short())
	return err
}

// files returns the files of the copy, by their path in the version.
func (n *copying) files(root *os.Root) (map[string][]byte, error) {
	from, err := fs.Sub(root.FS(), n.from.Ref.String())
	if err != nil {
		return nil, err
	}
	files := map[string][]byte{}
	err = fs.WalkDir(from, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		files[name], err = fs.ReadFile(from, name)
		return err
	})
	if err != nil {
		return nil, err
	}
	names := map[string]string{}
	for name, data := range files {
		if path.Ext(name) == ".yaml" {
			files[name] = n.rename(data, names)
		}
	}
	for was, is := range names {
		n.jobs = append(n.jobs, is)
		whole := regexp.MustCompile(`(^|[^A-Za-z0-9.-])` + regexp.QuoteMeta(was) + `($|[^A-Za-z0-9.-])`)
		for name, data := range files {
			files[name] = whole.ReplaceAll(data, []byte("${1}"+is+"${2}"))
		}
	}
	slices.Sort(n.jobs)
	file := n.from.Ref.DescriptionFile()
	files[file], err = n.described(files[file])
	return files, err
}

var (
	separator = regexp.MustCompile(`(?m)^---.*$`)
	isJob     = regexp.MustCompile(`(?m)^kind: *["']?Job["']? *(#.*)?$`)
)

// rename lets the names of Jobs in a file, or in the template of one, end in
// the new version, and notes those that others may use.
func (n *copying) rename(data []byte, names map[string]string) []byte {
	named := regexp.MustCompile(`(?m)^(  name: *["']?)(.*-)` + regexp.QuoteMeta(n.from.Version) + `(["']? *(?:#.*)?)$`)
	var out []byte
	at := 0
	for _, end := range append(separator.FindAllIndex(data, -1), []int{len(data), len(data)}) {
		doc := data[at:end[0]]
		if m := named.FindSubmatchIndex(doc); m != nil && isJob.Match(doc) {
			begin := string(doc[m[4]:m[5]])
			if !strings.Contains(begin, "{{") {
				names[begin+n.from.Version] = begin + n.to.Version
			}
			doc = slices.Concat(doc[:m[5]], []byte(n.to.Version), doc[m[6]:])
		}
		out = append(append(out, doc...), data[end[0]:end[1]]...)
		at = end[1]
	}
	return out
}

// described writes the version into the description, whose comments and order stay.
func (n *copying) described(data []byte) ([]byte, error) {
	version := regexp.MustCompile(`(?m)^version: *["']?` + regexp.QuoteMeta(n.from.Version) + `["']?`)
	if len(version.FindAllIndex(data, 2)) != 1 {
		return nil, fault.Hintf("copy the folder by hand", "version does not stand in a line of its own")
	}
	return version.ReplaceAllLiteral(data, []byte(`version: "`+n.to.Version+`"`)), nil
}

// say tells what was renamed, and what a new version takes.
func (n *copying) say(w io.Writer) {
	from, to := n.from.Ref.Short(), n.to.Short()
	fmt.Fprintf(w, "catalog/%s is a copy of %s\n", n.to, from)
	if len(n.jobs) > 0 {
		fmt.Fprintf(w, "Jobs renamed: %s\n", fault.List(n.jobs))
	}
	if n.from.UpgradesFrom != nil || n.from.DowngradesTo != nil || len(n.from.Migrations) > 0 {
		fmt.Fprintf(w, "upgradesFrom, downgradesTo and migrations are those of %s: say there what holds for %s\n", n.from.Version, n.to.Version)
	}
	fmt.Fprintf(w, "change it, then:\n  sluice catalog diff %s %s\n", from, to)
	if slices.ContainsFunc(n.from.Images, func(i catalog.Image) bool { return i.Digest == "" }) {
		fmt.Fprintf(w, "  sluice catalog pin %s\n", to)
	}
	fmt.Fprintf(w, "  sluice validate\n  sluice catalog lock\n")
}
