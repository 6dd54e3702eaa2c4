// Command mkimage writes the plugin's container image as an OCI layout and prints its digest.
package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/gatorcloud/sluice/plugin/install/image"
	"github.com/gatorcloud/sluice/renderer/fault"
)

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

func run(args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("mkimage", flag.ContinueOnError)
	flags.SetOutput(stderr)
	out := flags.String("out", "dist/image", "directory of the layout")
	var o image.Options
	flags.StringVar(&o.Version, "version", "dev", "tag of the image")
	flags.StringVar(&o.Revision, "revision", "", "commit that was built")
	flags.Func("binary", "platform=file, once for each platform", func(s string) error {
		platform, file, _ := strings.Cut(s, "=")
		data, err := os.ReadFile(file)
		o.Binaries = append(o.Binaries, image.Binary{Platform: platform, Data: data})
		return err
	})
	if err := flags.Parse(args); err != nil {
		return 2
	}
	digest, err := image.Write(*out, o)
	if err != nil {
		fmt.Fprintf(stderr, "mkimage: error: %v\nmkimage: hint: %s\n", err, fault.HintOf(err))
		return 1
	}
	fmt.Fprintln(stdout, digest)
	return 0
}
