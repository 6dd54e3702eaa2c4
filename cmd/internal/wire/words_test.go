package wire

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/gatorcloud/sluice/cmd/internal/cli/exit"
	"github.com/gatorcloud/sluice/renderer/model/fault"
)

// execute runs a command line that must not get as far as etcd, Git or a cluster.
func execute(t *testing.T, words ...string) (stdout string, err error) {
	t.Helper()
	cmd := root()
	var out bytes.Buffer
	cmd.SetOut(&out)
	cmd.SetErr(&out)
	cmd.SetArgs(words)
	err = cmd.ExecuteContext(t.Context())
	return out.String(), err
}

// walk visits every command of the tree by its words.
func walk(cmd *cobra.Command, visit func(words []string, cmd *cobra.Command)) {
	visit(strings.Fields(cmd.CommandPath())[1:], cmd)
	for _, c := range cmd.Commands() {
		walk(c, visit)
	}
}

// No group of the tree takes a word that it does not know for a wish to see its
// help, whatever stands around the word, and each names the command that was
// meant.
func TestGroupsRefuseUnknownCommands(t *testing.T) {
	runs := map[string]string{"ingest": "--sps-url"} // groups that do something themselves, and what they need for it
	groups := 0
	walk(root(), func(words []string, cmd *cobra.Command) {
		if !cmd.HasSubCommands() {
			return
		}
		groups++
		for _, c := range cmd.Commands() {
			for name, line := range map[string][]string{
				"Misspelt":   {c.Name() + "x"},
				"WithFlag":   {c.Name() + "x", "--env", "local"},
				"WithTarget": {c.Name() + "x", "1000006/swg"},
			} {
				line = append(slices.Clone(words), line...)
				out, err := execute(t, line...)
				if err == nil || exit.Code(err) != exit.Failed || fault.HintOf(err) != `did you mean "`+c.Name()+`"?` || out != "" {
					t.Errorf("%s: %q = %v with hint %q and output %q, want an error that asks for %q", name, line, err, fault.HintOf(err), out, c.Name())
				}
			}
		}
		line := append(slices.Clone(words), "zzzzzzzzzz")
		if _, err := execute(t, line...); err == nil || !strings.HasSuffix(fault.HintOf(err), "--help`") {
			t.Errorf("%q = %v with hint %q, want one to the help", line, err, fault.HintOf(err))
		}
		out, err := execute(t, words...)
		if needs, ok := runs[strings.Join(words, " ")]; ok {
			if err == nil || !strings.Contains(fault.HintOf(err), needs) {
				t.Errorf("%q = %v with hint %q, want what it lacks: %s", words, err, fault.HintOf(err), needs)
			}
			return
		}
		if err != nil || !strings.Contains(out, "Available Commands:") {
			t.Errorf("%q = %v, %q, want its help", words, err, out)
		}
	})
	if groups < 5 {
		t.Errorf("%d groups were walked, want sluice, authz, catalog, rollout and completion", groups)
	}
}

// Every command that takes no arguments, or a number of them, says where its
// help is when it is called otherwise.
func TestWrongArgumentsPointToHelp(t *testing.T) {
	walk(root(), func(words []string, cmd *cobra.Command) {
		if cmd.Args == nil || cmd.HasSubCommands() {
			return
		}
		line := append(slices.Clone(words), "a", "b", "c", "d")
		if _, err := execute(t, line...); err == nil || exit.Code(err) != exit.Failed || fault.HintOf(err) == "" {
			t.Errorf("%q = %v with hint %q, want one", line, err, fault.HintOf(err))
		}
	})
}

func TestHelpRefusesUnknownTopics(t *testing.T) {
	if out, err := execute(t, "help", "authz", "put"); err != nil || !strings.Contains(out, "Put writes one record") {
		t.Errorf("help of a command = %v, %.60q", err, out)
	}
	if _, err := execute(t, "help", "authz", "putt"); fault.HintOf(err) != `did you mean "put"?` {
		t.Errorf("help of no command = %v with hint %q", err, fault.HintOf(err))
	}
}

// Secrets come by files and the environment: whoever may list the processes of
// a machine sees arguments.
func TestNoSecretInArguments(t *testing.T) {
	seen := 0
	walk(root(), func(words []string, cmd *cobra.Command) {
		cmd.Flags().VisitAll(func(f *pflag.Flag) {
			if f.Name == "key" { // of a record in etcd
				return
			}
			for _, secret := range []string{"password", "passphrase", "token", "secret", "key"} {
				if !slices.Contains(strings.Split(strings.ReplaceAll(f.Name, secret+"s", secret), "-"), secret) {
					continue
				}
				seen++
				kind, usage := pflag.UnquoteUsage(f)
				if kind != "file" && !strings.Contains(usage, "file") {
					t.Errorf("%q --%s takes a %s (%s), want a file", words, f.Name, kind, usage)
				}
			}
		})
	})
	if seen < 10 {
		t.Errorf("%d flags that name secrets were seen, want those of etcd, Git and keys", seen)
	}
}
