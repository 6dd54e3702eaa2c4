package lab

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gatorcloud/sluice/cmd/lab/internal/argocd"
	"github.com/gatorcloud/sluice/cmd/lab/internal/release"
	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/ident"
)

// Options say what lab to bring up. The zero value brings up the default set
// in the default directory.
type Options struct {
	// Set of versions; empty is the default set.
	Set string `json:"set"`
	// Dir is the lab's directory; empty is one below the user's cache folder.
	Dir string `json:"-"`
	// Source is a directory of the source tree; empty is the working directory.
	Source string `json:"-"`
	// Cache keeps the built programs; empty is a folder of the user's cache folder.
	Cache string `json:"-"`
	// Nice lowers the priority of compilations, 0 to 19.
	Nice int `json:"-"`
	// Progress takes one line for each step; nil is silent.
	Progress io.Writer `json:"-"`

	// Nodes is the number of nodes; zero means 3.
	Nodes int `json:"nodes"`
	// Volumes is the number of empty volumes that claims are bound to; zero means 32.
	Volumes int `json:"volumes"`
	// Repositories are the names of bare repositories that are made, without .git; nil means fleet.
	Repositories []string `json:"repositories"`
	// GitLab is the repository that is a project of a GitLab beside its Git; empty is none.
	GitLab string `json:"gitLab,omitempty"`
	// NoWebhook keeps pushes from being reported to Argo CD, which then notices them by asking.
	NoWebhook bool `json:"noWebhook"`
	// Manifests are YAML files applied before Argo CD starts: definitions of routes, for example.
	Manifests []string `json:"-"`
	// ArgoCD are the settings of Argo CD.
	ArgoCD argocd.Settings `json:"argocd"`
	// Plugins are served to Argo CD's repo-server.
	Plugins []argocd.Plugin `json:"plugins"`
}

// complete fills what is empty and refuses what cannot work.
func (o Options) complete() (Options, error) {
	if o.Set == "" {
		o.Set = release.Names()[0]
	}
	if o.Nodes == 0 {
		o.Nodes = 3
	}
	if o.Volumes == 0 {
		o.Volumes = 32
	}
	if o.Repositories == nil {
		o.Repositories = []string{"fleet"}
	}
	var err error
	if o.Dir, err = Dir(o.Dir); err != nil {
		return o, err
	}
	if o.Cache == "" {
		if o.Cache, err = cacheFolder("programs"); err != nil {
			return o, err
		}
	}
	return o, o.check()
}

func (o Options) check() error {
	if _, err := release.Find(o.Set); err != nil {
		return err
	}
	for _, name := range o.Repositories {
		if _, err := ident.Parse[ident.ComponentKind](name); err != nil {
			return fmt.Errorf("checking the name of a repository: %w", err)
		}
	}
	if o.GitLab != "" && !slices.Contains(o.Repositories, o.GitLab) {
		return fault.Hintf("name one of: "+strings.Join(o.Repositories, ", "), "checking the project of GitLab: there is no repository %q", o.GitLab)
	}
	for _, p := range o.Plugins {
		if err := p.Check(); err != nil {
			return err
		}
	}
	return nil
}

// Dir returns the absolute directory of a lab; empty is the default one.
func Dir(dir string) (string, error) {
	if dir == "" {
		return cacheFolder("labs", "default")
	}
	abs, err := filepath.Abs(dir)
	if err != nil {
		return "", fmt.Errorf("finding directory %q: %w", dir, err)
	}
	return abs, nil
}

func cacheFolder(elem ...string) (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", fault.Hintf("set HOME, or name the directory with --dir", "looking for the user's cache folder: %w", err)
	}
	return filepath.Join(append([]string{cache, "sluice-lab"}, elem...)...), nil
}
