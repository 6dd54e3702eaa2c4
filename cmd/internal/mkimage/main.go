// Command mkimage writes the plugin's container image as an OCI layout and prints its digest.
package main

import (
	"flag"
	"fmt"
	"io"
	"os"

	"github.com/gatorcloud/sluice/plugin/install/image"
	"github.com/gatorcloud/sluice/renderer/fault"
)

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

func run(args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("mkimage", flag.ContinueOnError)
	flags.SetOutput(stderr)
	output := flags.String("output", "dist/sluice-cmp", "directory of the layout")
	var o image.Options
	flags.StringVar(&o.Version, "version", "devel", "tag of the image")
	flags.StringVar(&o.Revision, "revision", "", "commit of the build; read from the binary when empty")
	flags.Func("binary", "build of sluice-cmp; once for each platform", func(file string) error {
		data, err := os.ReadFile(file)
		o.Binaries = append(o.Binaries, data)
		return err
	})
	if err := flags.Parse(args); err != nil {
		return 2
	}
	digest, err := image.Write(*output, o)
	if err != nil {
		fmt.Fprintf(stderr, "mkimage: error: %v\nmkimage: hint: %s\n", err, fault.HintOf(err))
		return 1
	}
	fmt.Fprintln(stdout, digest)
	return 0
}
