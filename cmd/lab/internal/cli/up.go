package cli

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"sigs.k8s.io/yaml"

	"github.com/gatorcloud/sluice/cmd/lab/internal/argocd"
	"github.com/gatorcloud/sluice/cmd/lab/internal/lab"
	"github.com/gatorcloud/sluice/cmd/lab/internal/release"
	"github.com/gatorcloud/sluice/renderer/model/fault"
)

// upFlags are the flags of up that are more than a field of the options.
type upFlags struct {
	settings []string
	stock    map[string]string
	native   map[string]string
	output   string
}

func newUp(dir *string) *cobra.Command {
	var o lab.Options
	var f upFlags
	cmd := &cobra.Command{
		Use:   "up",
		Short: "Bring a lab up and print how to reach it",
		Example: `  lab up
  lab up --set v3 --dir /tmp/v3
  lab up --argocd-cm plugin/install/settings/argocd-cm.yaml --plugin sluice=plugin.yaml
  lab up --plugin-server 'sluice=/opt/sluice-cmp serve --socket {socket}'`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			o.Dir, o.Progress = *dir, cmd.ErrOrStderr()
			if err := f.fill(&o); err != nil {
				return err
			}
			l, err := lab.Up(cmd.Context(), o)
			if err != nil {
				return err
			}
			access, err := l.Access(cmd.Context())
			if err != nil {
				return err
			}
			return f.print(cmd, access)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&o.Set, "set", release.Names()[0], "versions to run: "+strings.Join(release.Names(), ", "))
	flags.IntVar(&o.Nice, "nice", 0, "lower the priority of compilations by so much, 0 to 19")
	flags.IntVar(&o.Nodes, "nodes", 3, "number of nodes")
	flags.IntVar(&o.Volumes, "volumes", 32, "number of empty volumes for claims")
	flags.StringSliceVar(&o.Repositories, "repository", []string{"fleet"}, "bare repositories to make, without .git")
	flags.BoolVar(&o.NoWebhook, "no-webhook", false, "do not report pushes to Argo CD")
	flags.StringArrayVar(&o.Manifests, "manifest", nil, "YAML file to apply before Argo CD starts")
	flags.DurationVar(&o.ArgoCD.WaveDelay, "wave-delay", time.Second, "pause after each sync wave, in whole seconds")
	flags.DurationVar(&o.ArgoCD.Resync, "app-resync", 20*time.Second, "how often every Application is compared with Git")
	flags.DurationVar(&o.ArgoCD.RevisionCache, "revision-cache", time.Second, "how long the commit of a branch is believed")
	flags.StringArrayVar(&o.ArgoCD.TarExclude, "plugin-tar-exclude", nil, "glob of files that plugins are not sent (default .git)")
	flags.StringVar(&o.ArgoCD.LogLevel, "log-level", "info", "log level of Argo CD: debug, info, warn, error")
	flags.StringArrayVar(&f.settings, "argocd-cm", nil, "YAML file of a ConfigMap, or of its data, to merge into argocd-cm")
	flags.StringToStringVar(&f.stock, "plugin", nil, "NAME=FILE: plugin.yaml to run under argocd-cmp-server")
	flags.StringToStringVar(&f.native, "plugin-server", nil, "NAME=COMMAND: program that serves the plugin's {socket} itself")
	flags.StringVarP(&f.output, "output", "o", "text", "form of the answer: text or json")
	return cmd
}

func (f upFlags) print(cmd *cobra.Command, a lab.Access) error {
	if f.output == "json" {
		return json.NewEncoder(cmd.OutOrStdout()).Encode(a)
	}
	_, err := fmt.Fprint(cmd.OutOrStdout(), a)
	return err
}

// fill reads the files that flags name into the options.
func (f upFlags) fill(o *lab.Options) error {
	if f.output != "text" && f.output != "json" {
		return fault.Hintf("choose text or json", "reading --output %q: no such form", f.output)
	}
	o.ArgoCD.Config = map[string]string{}
	for _, file := range f.settings {
		if err := readSettings(file, o.ArgoCD.Config); err != nil {
			return err
		}
	}
	for name, file := range f.stock {
		config, err := os.ReadFile(file)
		if err != nil {
			return fmt.Errorf("reading plugin %q: %w", name, err)
		}
		o.Plugins = append(o.Plugins, argocd.Plugin{Name: name, Config: string(config)})
	}
	for name, command := range f.native {
		o.Plugins = append(o.Plugins, argocd.Plugin{Name: name, Command: strings.Fields(command)})
	}
	return nil
}

// readSettings merges a ConfigMap, or a plain map of strings, into the settings.
func readSettings(file string, into map[string]string) error {
	data, err := os.ReadFile(file)
	if err != nil {
		return fmt.Errorf("reading settings of Argo CD: %w", err)
	}
	var object struct {
		Data map[string]string `json:"data"`
	}
	if err := yaml.Unmarshal(data, &object); err == nil && object.Data != nil {
		data, err = yaml.Marshal(object.Data)
		if err != nil {
			return fmt.Errorf("reading settings of Argo CD: %w", err)
		}
	}
	if err := yaml.Unmarshal(data, &into); err != nil {
		return fmt.Errorf("reading settings of Argo CD from %q: %w", file, err)
	}
	return nil
}
