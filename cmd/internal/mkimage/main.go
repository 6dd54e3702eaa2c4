// Command mkimage writes the container image of one of sluice's programs as an
// OCI layout, with its bill of materials and its provenance beside it, and prints
// its digest.
package main

import (
	"fmt"
	"io"
	"os"

	"github.com/gatorcloud/sluice/plugin/install/image"
	"github.com/gatorcloud/sluice/renderer/model/fault"
)

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

func run(args []string, stdout, stderr io.Writer) int {
	o, output, err := parse(args, stderr)
	if err != nil {
		return 2
	}
	digest, err := image.Write(output, o)
	if err != nil {
		fmt.Fprintf(stderr, "mkimage: error: %v\nmkimage: hint: %s\n", err, fault.HintOf(err))
		return 1
	}
	fmt.Fprintln(stdout, digest)
	return 0
}
