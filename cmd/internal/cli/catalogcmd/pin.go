package catalogcmd

import (
	"context"
	"fmt"
	"os"
	"path"
	"regexp"
	"strings"

	"github.com/spf13/cobra"

	"github.com/gatorcloud/sluice/catalog"
	"github.com/gatorcloud/sluice/renderer/model/fault"
)

// Resolve asks a registry for the digest of an image, as sha256:<64 hex>.
type Resolve func(ctx context.Context, image string) (digest string, err error)

func newPin(dir *string, resolve Resolve) *cobra.Command {
	return &cobra.Command{
		Use:   "pin PRODUCT[/VERSION]",
		Short: "Write the digests of a new version's images beside their tags",
		Long: `Pin asks the registries for the digest of each image that a version, which is not
published yet, pins by a tag alone, and writes it into the version's description.
The lock holds it from then on: a tag that moves changes nothing. User and password
of a registry are read from SLUICE_REGISTRY_USER and SLUICE_REGISTRY_PASSWORD.`,
		Example: "  # before sluice catalog lock\n  sluice catalog pin swg/203",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return withCatalog(*dir, func(c *catalog.Catalog, _ error, root *os.Root) error {
				v, err := find(c, args[0])
				if err != nil {
					return err
				}
				if _, locked := c.Lock().Digest(v.Ref); locked {
					return fault.Hintf("pin the next version", "pinning %s: it is published and cannot change", v.Ref)
				}
				return pin(cmd, root, v, resolve)
			})
		},
		ValidArgsFunction: complete(dir),
	}
}

// pin writes the digests into the description of v, and prints them.
func pin(cmd *cobra.Command, root *os.Root, v *catalog.Version, resolve Resolve) error {
	file := path.Join(v.Ref.String(), v.Ref.DescriptionFile())
	data, err := root.ReadFile(file)
	if err != nil {
		return fmt.Errorf("pinning %s: %w", v.Ref, err)
	}
	text := string(data)
	for _, i := range v.Images {
		if i.Digest != "" {
			continue
		}
		name := i.NewName
		if name == "" {
			name = i.Name
		}
		digest, err := resolve(cmd.Context(), name+":"+i.NewTag)
		if err != nil {
			return fmt.Errorf("pinning %s: %w", v.Ref, err)
		}
		if text, err = withDigest(text, i, digest); err != nil {
			return fmt.Errorf("pinning %s: %w", v.Ref, err)
		}
		fmt.Fprintf(cmd.OutOrStdout(), "%s:%s@%s\n", name, i.NewTag, digest)
	}
	if err := root.WriteFile(file, []byte(text), 0o644); err != nil {
		return fmt.Errorf("pinning %s: %w", v.Ref, err)
	}
	return nil
}

// withDigest writes a digest behind the tag of an image in a description, whose
// comments and order stay.
func withDigest(text string, i catalog.Image, digest string) (string, error) {
	entry := regexp.MustCompile(`(?m)^- name: ["']?` + regexp.QuoteMeta(i.Name) + `["']? *\n(?:  [^\n]*\n)*?  newTag: ["']?` + regexp.QuoteMeta(i.NewTag) + `["']? *(?:#[^\n]*)?(?:\n|\z)`)
	at := entry.FindAllStringIndex(text, 2)
	if len(at) != 1 {
		return "", fault.Hintf("write it there yourself: digest: "+digest, "image %q with newTag %q does not stand in lines of its own", i.Name, i.NewTag)
	}
	before := strings.TrimSuffix(text[:at[0][1]], "\n")
	return before + "\n  digest: " + digest + "\n" + text[at[0][1]:], nil
}
