package rolloutcmd

import (
	"bufio"
	"fmt"
	"strings"

	"github.com/gatorcloud/sluice/cmd/internal/cli/output"
	"github.com/gatorcloud/sluice/cmd/internal/cli/terminal"
	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/spf13/cobra"
)

// ask shows on a terminal what would be done, and asks whether it shall be.
func ask[T any](cmd *cobra.Command, rows []T, columns []output.Column[T], question string) error {
	if !terminal.Is(cmd.InOrStdin()) {
		return nil
	}
	if err := output.Print(cmd.ErrOrStderr(), output.Options{}, rows, columns); err != nil {
		return err
	}
	fmt.Fprintf(cmd.ErrOrStderr(), "%s [y/N] ", question)
	line, _ := bufio.NewReader(cmd.InOrStdin()).ReadString('\n') // no answer is no
	if answer := strings.ToLower(strings.TrimSpace(line)); answer != "y" && answer != "yes" {
		return fault.Hintf("answer y, or give --yes", "nothing was written")
	}
	return nil
}
