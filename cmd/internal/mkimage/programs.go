package main

import (
	"flag"
	"fmt"
	"io"
	"os"

	"github.com/gatorcloud/sluice/plugin/install/image"
)

// user is the account of the renderer's pods; the number is of no other image.
const user = 65532

// program returns what goes into the image of a name.
//
// The renderer speaks TLS to Git, etcd and Argo CD, whose certificates are
// those of the site. They are mounted by its Deployment, from where they can
// change without a new image; a build takes others in only when it is given
// them, because what the building machine trusts is neither reproducible nor
// the site's choice.
func program(name string) (image.Program, error) {
	switch name {
	case "sluice-cmp":
		return image.Plugin(), nil
	case "sluice":
		return image.Program{
			Name: "sluice", Description: "Renderer and command line of sluice", Command: []string{"help"},
			Account: "sluice", User: user, Home: "/var/cache/sluice",
		}, nil
	}
	return image.Program{}, fmt.Errorf("no program %q", name)
}

// parse reads the command line.
func parse(args []string, stderr io.Writer) (o image.Options, output string, err error) {
	flags := flag.NewFlagSet("mkimage", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.Func("program", "sluice or sluice-cmp", func(name string) (err error) { o.Program, err = program(name); return err })
	flags.StringVar(&output, "output", "dist/image", "directory of the layout")
	flags.StringVar(&o.Version, "version", "devel", "tag of the image")
	flags.StringVar(&o.Revision, "revision", "", "commit of the build; read from the binary when empty")
	flags.Func("binary", "build of the program; once for each platform", func(file string) error {
		data, err := os.ReadFile(file)
		o.Binaries = append(o.Binaries, data)
		return err
	})
	flags.Func("authorities", "PEM file of certificates that the program trusts; empty for none", func(file string) (err error) {
		if file != "" {
			o.Authorities, err = os.ReadFile(file)
		}
		return err
	})
	return o, output, flags.Parse(args)
}
