package argocd

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gatorcloud/sluice/cmd/lab/internal/health"
	"github.com/gatorcloud/sluice/cmd/lab/internal/process"
	"github.com/gatorcloud/sluice/cmd/lab/internal/site"
	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/ident"
)

// Plugin is one config-management plugin, served in one of two ways: Config
// is run by Argo CD's own argocd-cmp-server, Command is a program that serves
// the plugin's socket itself.
type Plugin struct {
	// Name of the component is plugin-<Name>; the socket is <Name>.sock or <Name>-<version>.sock.
	Name string `json:"name"`
	// Config is the text of a plugin.yaml.
	Config string `json:"config,omitempty"`
	// Command and its arguments, in which {socket} stands for the path of the
	// socket <Name>.sock, {sockets} for its folder and {tmp} for a folder to work in.
	Command []string `json:"command,omitempty"`
	// Search lists folders that are put before the search path, so that Config can name a program.
	Search []string `json:"search,omitempty"`
	// Env is added to the environment.
	Env []string `json:"env,omitempty"`
}

// PluginName is the component of a plugin.
func PluginName(plugin string) string { return "plugin-" + plugin }

// Check refuses a plugin that could not run.
func (p Plugin) Check() error {
	// The name becomes a file's name; the gate of component names fits it.
	if _, err := ident.Parse[ident.ComponentKind](p.Name); err != nil {
		return fmt.Errorf("reading a plugin: %w", err)
	}
	if (p.Config == "") == (len(p.Command) == 0) {
		return fault.Hintf("give a plugin.yaml for argocd-cmp-server, or a command that serves the socket, and not both",
			"reading plugin %q: it must have a config or a command", p.Name)
	}
	return nil
}

// Component is the process that serves the plugin's socket.
func (p Plugin) Component(s site.Site, set Settings) process.Component {
	c := process.Component{
		Name: PluginName(p.Name), Dir: s.Path(site.Plugins, p.Name),
		Path: s.Programs["argocd-cmp-server"],
		Args: []string{"--config-dir-path=" + s.Path(site.Plugins, p.Name), "--loglevel=" + set.logLevel()},
		Env:  environment(s, set, append([]string{"ARGOCD_CMP_WORKDIR=" + s.Path(site.Temp)}, p.Env...)...),
		// argocd-cmp-server leaves its socket behind when it is killed: the file says nothing, a connection does.
		Ready: health.Socket(s.Sockets, p.Name),
	}
	if len(p.Command) > 0 {
		command := p.expand(s)
		c.Path, c.Args = command[0], command[1:]
	}
	if len(p.Search) > 0 {
		c.Env = prependPath(c.Env, p.Search)
	}
	return c
}

func (p Plugin) expand(s site.Site) []string {
	r := strings.NewReplacer(
		"{socket}", filepath.Join(s.Sockets, p.Name+".sock"),
		"{sockets}", s.Sockets,
		"{tmp}", s.Path(site.Temp),
	)
	var out []string
	for _, word := range p.Command {
		out = append(out, r.Replace(word))
	}
	return out
}

// Files are what argocd-cmp-server reads, by path below the folder of plugins.
func (p Plugin) Files() map[string][]byte {
	if p.Config == "" {
		return nil
	}
	return map[string][]byte{p.Name + "/plugin.yaml": []byte(p.Config)}
}

func prependPath(env, dirs []string) []string {
	out := slices.Clone(env)
	for i, e := range out {
		if rest, ok := strings.CutPrefix(e, "PATH="); ok {
			out[i] = "PATH=" + strings.Join(append(slices.Clone(dirs), rest), ":")
		}
	}
	return out
}

// merge returns base with the entries of more laid over it.
func merge[V any](base, more map[string]V) map[string]V {
	out := map[string]V{}
	maps.Copy(out, base)
	maps.Copy(out, more)
	return out
}
