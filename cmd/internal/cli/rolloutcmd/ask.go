package rolloutcmd

import (
	"bufio"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/gatorcloud/sluice/cmd/internal/cli/output"
	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/spf13/cobra"
)

// ask asks on a terminal before more than one ring goes back.
func (b *back) ask(cmd *cobra.Command, rows []backRow) error {
	in, ok := cmd.InOrStdin().(*os.File)
	if b.options.yes || len(rows) < 2 || !ok || !terminal(in) {
		return nil
	}
	if err := output.Print(cmd.ErrOrStderr(), output.Options{}, rows, backColumns); err != nil {
		return err
	}
	fmt.Fprintf(cmd.ErrOrStderr(), "Take %s back in %d rings? [y/N] ", b.product, len(rows))
	line, _ := bufio.NewReader(in).ReadString('\n') // no answer is no
	if answer := strings.ToLower(strings.TrimSpace(line)); answer != "y" && answer != "yes" {
		return fault.Hintf("answer y, or give --yes", "nothing was written")
	}
	return nil
}

// terminal reports whether a file is one.
func terminal(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode()&fs.ModeCharDevice != 0
}
