// Command bench measures the figures that the README shows, each as a ratio or
// a size in one run, and prints one line a figure:
//
//	<name> <value> <unit> <bound> <ok|short>
//
// Arguments select figures by name.
package main

import (
	"context"
	"fmt"
	"os"
	"slices"
)

func main() {
	for _, f := range figures() {
		if len(os.Args) > 1 && !slices.Contains(os.Args[1:], f.name) {
			continue
		}
		fmt.Fprintf(os.Stderr, "# %s: %s\n", f.name, f.about)
		value, err := f.run(context.Background())
		if err != nil {
			fmt.Fprintf(os.Stderr, "bench: %s: %v\n", f.name, err)
			os.Exit(1)
		}
		fmt.Println(f.line(value))
	}
}
