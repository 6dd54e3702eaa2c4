// Package promflags is the set of flags by which commands reach the Prometheus
// of each environment. Nothing is opened here.
package promflags

import (
	"strings"

	"github.com/spf13/pflag"

	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/prometheus"
)

// TokenFlag is the flag that names tokens.
const TokenFlag = "prometheus-token-file"

// Flags holds the values. Use Add, then Client after parsing.
type Flags struct {
	tokens []string
	ca     string
}

// Add adds the flags to a command's set.
func (f *Flags) Add(set *pflag.FlagSet) {
	set.StringArrayVar(&f.tokens, TokenFlag, nil, "`server=file` with the bearer token of a Prometheus that environments name for their gates, such as https://prometheus.example=FILE; repeated for more")
	set.StringVar(&f.ca, "prometheus-cacert", "", "PEM `file` of the authorities of their certificates, beside the system's")
}

// Client returns what asks the gates' metrics.
func (f *Flags) Client() (*prometheus.Client, error) {
	o := prometheus.Options{CAFile: f.ca, Tokens: map[string]string{}}
	for _, text := range f.tokens {
		server, file, _ := strings.Cut(text, "=")
		if server == "" || file == "" || o.Tokens[server] != "" {
			return nil, fault.Hintf("write https://prometheus.example=FILE, once for each server", "reading --%s: %q names no file of its own", TokenFlag, text)
		}
		o.Tokens[server] = file
	}
	return prometheus.NewClient(o)
}
