package initcmd

import (
	"bytes"
	"embed"
	"io/fs"
	"os"
	"path"
	"strings"
	"text/template"

	"github.com/gatorcloud/sluice/catalog"
	"github.com/gatorcloud/sluice/renderer/install"
	"github.com/gatorcloud/sluice/renderer/model/ident"
)

// skeleton is what every repository begins with; names that end in .tmpl are
// templates of these names.
//
//go:embed all:skeleton
var skeleton embed.FS

// pipeline is where the jobs stand.
const pipeline = ".gitlab/sluice.yml"

// write fills the repository and reads it back.
func (o *options) write(root *os.Root, name ident.Environment) error {
	files, err := fs.Sub(skeleton, "skeleton")
	if err != nil {
		return err
	}
	words := map[string]string{"Environment": name.String(), "Rings": strings.Join(o.environment.Rings(), ", "), "Renderer": o.renderer, "Owner": o.owner, "Image": o.image}
	err = fs.WalkDir(files, ".", func(file string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := fs.ReadFile(files, file)
		if err != nil {
			return err
		}
		if name, ok := strings.CutSuffix(file, ".tmpl"); ok {
			t, err := template.New(name).Parse(string(data))
			if err != nil {
				return err
			}
			var b bytes.Buffer
			if err := t.Execute(&b, words); err != nil {
				return err
			}
			file, data = name, b.Bytes()
		}
		return put(root, file, data)
	})
	if err != nil {
		return err
	}
	if err := put(root, pipeline, install.Pipeline()); err != nil {
		return err
	}
	if err := publish(root); err != nil {
		return err
	}
	o.environment.Offer("hello=1")
	return o.environment.Write(root, name)
}

// put writes a file and the folders above it.
func put(root *os.Root, file string, data []byte) error {
	if err := root.MkdirAll(path.Dir(file), 0o755); err != nil {
		return err
	}
	return root.WriteFile(file, data, 0o644)
}

// publish locks the versions of the catalog.
func publish(root *os.Root) error {
	sold, err := fs.Sub(root.FS(), "catalog")
	if err != nil {
		return err
	}
	c, err := catalog.LoadUnlocked(sold)
	if err != nil {
		return err
	}
	return put(root, "catalog/"+catalog.LockFile, c.Lock().Add(c.Digests()).Encode())
}
