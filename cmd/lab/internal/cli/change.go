package cli

import (
	"bytes"
	"io"

	"github.com/spf13/cobra"

	"github.com/gatorcloud/sluice/cmd/lab/internal/lab"
)

func newDown(dir *string) *cobra.Command {
	return &cobra.Command{
		Use:     "down",
		Short:   "End a lab: no process, file or port stays",
		Example: "  lab down",
		Args:    cobra.NoArgs,
		RunE:    func(*cobra.Command, []string) error { return lab.Down(*dir) },
	}
}

func newKill(dir *string) *cobra.Command {
	return &cobra.Command{
		Use:     "kill COMPONENT",
		Short:   "End one component as a crash would (SIGKILL)",
		Example: "  lab kill repo-server",
		Args:    cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			l, err := lab.Open(*dir)
			if err != nil {
				return err
			}
			return l.Kill(args[0])
		},
	}
}

func newRestart(dir *string) *cobra.Command {
	return &cobra.Command{
		Use:     "restart COMPONENT",
		Short:   "Start a component anew and wait until it is ready",
		Example: "  lab restart repo-server",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			l, err := lab.Open(*dir)
			if err != nil {
				return err
			}
			return l.Restart(cmd.Context(), args[0])
		},
	}
}

// printTail prints the last lines of r, and all of it when lines is zero. It leaves r at its end.
func printTail(w io.Writer, r io.Reader, lines int) error {
	data, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	from := len(data)
	for n := 0; lines > 0 && n < lines && from > 0; n++ {
		from = bytes.LastIndexByte(data[:from-1], '\n') + 1
	}
	if lines <= 0 {
		from = 0
	}
	_, err = w.Write(data[from:])
	return err
}
