// Package words holds a tree of commands to its words.
//
// A group answers a word that is none of its commands with its help and exit
// code 0 unless somebody sees to it, which a script takes for success. Strict
// sees to it for a whole tree at once, so that no group can be forgotten.
package words

import (
	"github.com/spf13/cobra"

	"github.com/gatorcloud/sluice/renderer/model/fault"
)

// Strict makes root and every command below it refuse words that it does not
// know, name the command that seems to be meant and point to help. Call it once
// all commands are there.
func Strict(root *cobra.Command) {
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	root.SetFlagErrorFunc(pointed)
	hold(root)
}

// hold is Strict for one command and those below it.
func hold(cmd *cobra.Command) {
	for _, c := range cmd.Commands() {
		hold(c)
	}
	switch args := cmd.Args; {
	case cmd.HasSubCommands() && !cmd.Runnable():
		cmd.Args = func(cmd *cobra.Command, words []string) error {
			if len(words) > 0 {
				return unknown(cmd, words[0])
			}
			return nil
		}
		cmd.RunE = func(cmd *cobra.Command, _ []string) error { return cmd.Help() }
	case args != nil:
		cmd.Args = func(cmd *cobra.Command, words []string) error { return pointed(cmd, args(cmd, words)) }
	case cmd.Name() == "help":
		cmd.RunE = func(cmd *cobra.Command, words []string) error { return help(cmd.Root(), words) }
	}
}

// unknown says that a group has no such command.
func unknown(group *cobra.Command, word string) error {
	var names []string
	for _, c := range group.Commands() {
		if !c.Hidden {
			names = append(names, c.Name())
		}
	}
	return fault.Hintf(fault.DidYouMean(word, names, "see `"+group.CommandPath()+" --help`"),
		"unknown command %s for %q", fault.Clip(word), group.CommandPath())
}

// pointed points to the help of a command that was called wrongly. A word that
// stands before a wrong flag of a group is the mistake that matters.
func pointed(cmd *cobra.Command, err error) error {
	switch {
	case err == nil || fault.HintOf(err) != "":
		return err
	case cmd.HasSubCommands() && cmd.Flags().NArg() > 0:
		return unknown(cmd, cmd.Flags().Arg(0))
	}
	return fault.Hintf("see `"+cmd.CommandPath()+" --help`", "%w", err)
}

// help prints the help of the command that words name.
func help(root *cobra.Command, words []string) error {
	cmd, rest, err := root.Find(words)
	if err != nil {
		return err
	}
	if len(rest) > 0 {
		return unknown(cmd, rest[0])
	}
	cmd.InitDefaultHelpFlag()
	return cmd.Help()
}
