package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/gatorcloud/sluice/cmd/lab/internal/lab"
	"github.com/gatorcloud/sluice/renderer/model/fault"
)

func newStatus(dir *string) *cobra.Command {
	var output string
	cmd := &cobra.Command{
		Use:     "status",
		Short:   "Show every component; exit 1 unless all are ready",
		Example: "  lab status\n  lab status -o json",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			l, err := lab.Open(*dir)
			if err != nil {
				return err
			}
			all := l.Status(cmd.Context())
			if err := printStatus(cmd.OutOrStdout(), output, all); err != nil {
				return err
			}
			for _, s := range all {
				if s.State != "ready" {
					return fault.Hintf("lab restart "+s.Name, "looking at the lab: %q is %s", s.Name, s.State)
				}
			}
			return nil
		},
	}
	cmd.Flags().StringVarP(&output, "output", "o", "table", "form of the answer: table, json or name")
	return cmd
}

func printStatus(w io.Writer, output string, all []lab.Status) error {
	switch output {
	case "json":
		return json.NewEncoder(w).Encode(all)
	case "name":
		for _, s := range all {
			fmt.Fprintln(w, s.Name)
		}
		return nil
	case "table":
		table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
		fmt.Fprintln(table, "COMPONENT\tSTATE\tPID\tSTARTED\tLOG")
		for _, s := range all {
			fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\n", s.Name, s.State, number(s.PID), clock(s.Started), s.Log)
		}
		return table.Flush()
	default:
		return fault.Hintf("choose table, json or name", "reading --output %q: no such form", output)
	}
}

func number(pid int) string {
	if pid == 0 {
		return "-"
	}
	return fmt.Sprint(pid)
}

func clock(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.Format(time.RFC3339)
}

func newKubeconfig(dir *string) *cobra.Command {
	var path bool
	cmd := &cobra.Command{
		Use:     "kubeconfig",
		Short:   "Print the administrator's kubeconfig",
		Example: "  export KUBECONFIG=$(lab kubeconfig --path)",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			l, err := lab.Open(*dir)
			if err != nil {
				return err
			}
			if path {
				_, err = fmt.Fprintln(cmd.OutOrStdout(), l.KubeConfig())
				return err
			}
			data, err := os.ReadFile(l.KubeConfig())
			if err != nil {
				return fmt.Errorf("reading the kubeconfig: %w", err)
			}
			_, err = cmd.OutOrStdout().Write(data)
			return err
		},
	}
	cmd.Flags().BoolVar(&path, "path", false, "print the path of the file instead of its content")
	return cmd
}

func newLogs(dir *string) *cobra.Command {
	var tail int
	var follow bool
	cmd := &cobra.Command{
		Use:     "logs COMPONENT",
		Short:   "Print the log of a component",
		Example: "  lab logs application-controller --follow",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			l, err := lab.Open(*dir)
			if err != nil {
				return err
			}
			log, err := l.Log(args[0])
			if err != nil {
				return err
			}
			defer log.Close()
			if err := printTail(cmd.OutOrStdout(), log, tail); err != nil || !follow {
				return err
			}
			for {
				select {
				case <-cmd.Context().Done():
					return nil
				case <-time.After(200 * time.Millisecond):
				}
				if _, err := io.Copy(cmd.OutOrStdout(), log); err != nil && !errors.Is(err, io.EOF) {
					return err
				}
			}
		},
	}
	cmd.Flags().IntVar(&tail, "tail", 100, "lines to print, counted from the end; 0 prints all")
	cmd.Flags().BoolVarP(&follow, "follow", "f", false, "go on printing what is added")
	return cmd
}
