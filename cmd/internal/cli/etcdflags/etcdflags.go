// Package etcdflags is the set of flags by which commands find etcd.
//
// Each setting comes from its flag, else from the environment (SLUICE_ETCD_*),
// else from the file that --etcd-config names. Settings that exclude each
// other, such as a server's endpoints and the directory of an own one, are
// compared within one of these layers; the higher layer wins between them.
// A password is no argument, because other users of the machine see those, and
// nothing here prints one.
package etcdflags

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/gatorcloud/sluice/cmd/internal/cli/input"
	"github.com/gatorcloud/sluice/renderer/etcd"
	"github.com/gatorcloud/sluice/renderer/model/authz"
	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/strict"
)

// Flags holds what was given on the command line. Use Add, then Resolve after
// parsing.
type Flags struct{ given layer }

// Settings are the resolved flags.
type Settings struct {
	// Store is how to connect. Without Endpoints, etcd runs embedded in Dir.
	Store  etcd.Config
	Dir    string
	Prefix string
}

// Embedded reports whether no server is named, so that sluice runs its own.
func (s Settings) Embedded() bool { return len(s.Store.Endpoints) == 0 }

// layer is one source of settings, by the name of the flag without "etcd-".
// A name that is absent was not given there.
type layer map[string]string

// setting is one flag with its words.
type setting struct{ name, kind, usage string }

// connection are the settings that every command has.
func connection() []setting {
	return []setting{
		{"endpoints", "urls", "etcd servers, separated by commas; without any, sluice runs its own etcd in --etcd-dir"},
		{"dir", "directory", "data of sluice's own etcd (default $XDG_STATE_HOME/sluice/etcd)"},
		{"cacert", "file", "certificates that etcd's own is checked with, PEM"},
		{"cert", "file", "client certificate, PEM"},
		{"key", "file", "key of the client certificate, PEM"},
		{"user", "name", "user to log in as"},
		{"password-file", "file", "file whose first line is the password; SLUICE_ETCD_PASSWORD is the password itself"},
		{"insecure-http", "bool", "true sends the password over plain http to other machines too, where whoever is on the way reads it"},
		{"dial-timeout", "duration", "longest wait for a connection (default 5s)"},
		{"request-timeout", "duration", "longest wait for an answer (default 15s)"},
		{"config", "file", "YAML file with these settings, e.g. `endpoints: https://etcd:2379`"},
	}
}

// value makes one setting of a layer a pflag.Value.
type value struct {
	layer layer
	setting
}

// String returns what was given.
func (v value) String() string { return v.layer[v.name] }

// Type names the value in help texts.
func (v value) Type() string { return v.kind }

// Set keeps what is given; endpoints add up.
func (v value) Set(s string) error {
	if old, ok := v.layer[v.name]; ok && v.name == "endpoints" {
		s = old + "," + s
	}
	v.layer[v.name] = s
	return nil
}

// Add adds the flags of the connection to a command's set.
func (f *Flags) Add(set *pflag.FlagSet) {
	for _, s := range connection() {
		f.add(set, s)
	}
}

// AddPrefix adds --etcd-prefix, for commands that know no environment.
func (f *Flags) AddPrefix(set *pflag.FlagSet) {
	f.add(set, setting{"prefix", "path", "where the records are (default " + authz.DefaultPrefix + ")"})
}

func (f *Flags) add(set *pflag.FlagSet, s setting) {
	if f.given == nil {
		f.given = layer{}
	}
	flag := set.VarPF(value{f.given, s}, "etcd-"+s.name, "", strings.ReplaceAll(s.usage, "`", "'"))
	if s.kind == "bool" {
		flag.NoOptDefVal = "true"
	}
}

// Resolve reads environment and file and returns the settings.
func (f *Flags) Resolve(getenv func(string) string) (Settings, error) {
	layers := []layer{f.given, environment(getenv)}
	if path := pick(layers, "config"); path != "" {
		file, err := readFile(path)
		if err != nil {
			return Settings{}, err
		}
		layers = append(layers, file)
	}
	return resolve(layers, getenv)
}

// environment returns the layer of SLUICE_ETCD_*.
func environment(getenv func(string) string) layer {
	l := layer{}
	for _, s := range append(connection(), setting{name: "prefix"}, setting{name: "password"}) {
		name := "SLUICE_ETCD_" + strings.ToUpper(strings.ReplaceAll(s.name, "-", "_"))
		if v := getenv(name); v != "" {
			l[s.name] = v
		}
	}
	return l
}

// file is the form of --etcd-config.
type file struct {
	Endpoints      string `json:"endpoints"`
	Dir            string `json:"dir"`
	CACert         string `json:"cacert"`
	Cert           string `json:"cert"`
	Key            string `json:"key"`
	User           string `json:"user"`
	Password       string `json:"password"`
	PasswordFile   string `json:"passwordFile"`
	InsecureHTTP   string `json:"insecureHTTP"`
	DialTimeout    string `json:"dialTimeout"`
	RequestTimeout string `json:"requestTimeout"`
	Prefix         string `json:"prefix"`
}

const maxConfig = 64 << 10

func readFile(path string) (layer, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fault.Hintf("check --etcd-config", "reading etcd settings: %w", err)
	}
	var f file
	if err := strict.YAML(data, maxConfig, &f); err != nil {
		return nil, fmt.Errorf("reading etcd settings %q: %w", path, err)
	}
	l := layer{}
	for name, v := range map[string]string{
		"endpoints": f.Endpoints, "dir": f.Dir, "cacert": f.CACert, "cert": f.Cert, "key": f.Key,
		"user": f.User, "password": f.Password, "password-file": f.PasswordFile, "insecure-http": f.InsecureHTTP,
		"dial-timeout": f.DialTimeout, "request-timeout": f.RequestTimeout, "prefix": f.Prefix,
	} {
		if v != "" {
			l[name] = v
		}
	}
	return l, nil
}

// pick returns the setting of the highest layer that gives it.
func pick(layers []layer, name string) string {
	for _, l := range layers {
		if v, ok := l[name]; ok {
			return v
		}
	}
	return ""
}

// either returns the two settings of the highest layer that gives one of them,
// and an error if it gives both.
func either(layers []layer, a, b string) (va, vb string, err error) {
	for _, l := range layers {
		va, vb = l[a], l[b]
		if va != "" && vb != "" {
			return "", "", fault.Hintf("give one of the two", "etcd settings: %s and %s exclude each other", a, b)
		}
		if va != "" || vb != "" {
			return va, vb, nil
		}
	}
	return "", "", nil
}

func resolve(layers []layer, getenv func(string) string) (s Settings, err error) {
	if s.Prefix, err = authz.ParsePrefix(pick(layers, "prefix")); err != nil {
		return Settings{}, err
	}
	endpoints, dir, err := either(layers, "endpoints", "dir")
	if err != nil {
		return Settings{}, err
	}
	if endpoints == "" {
		s.Dir, err = directory(dir, getenv)
		return s, err
	}
	s.Store = etcd.Config{
		Endpoints: strings.Split(endpoints, ","),
		CAFile:    pick(layers, "cacert"), CertFile: pick(layers, "cert"), KeyFile: pick(layers, "key"),
		Username: pick(layers, "user"), Insecure: pick(layers, "insecure-http") == "true",
	}
	if s.Store.Password, err = password(layers); err != nil {
		return Settings{}, err
	}
	if s.Store.DialTimeout, err = duration(layers, "dial-timeout"); err != nil {
		return Settings{}, err
	}
	s.Store.RequestTimeout, err = duration(layers, "request-timeout")
	return s, err
}

func password(layers []layer) (string, error) {
	text, path, err := either(layers, "password", "password-file")
	if err != nil || path == "" {
		return text, err
	}
	return input.Secret("etcd-password-file", path)
}

func duration(layers []layer, name string) (time.Duration, error) {
	v := pick(layers, name)
	if v == "" {
		return 0, nil
	}
	d, err := time.ParseDuration(v)
	if err != nil || d <= 0 {
		return 0, fault.Hintf("use a duration such as 5s", "etcd %s %q: is no positive duration", name, v)
	}
	return d, nil
}

// directory returns where an own etcd keeps its data.
func directory(dir string, getenv func(string) string) (string, error) {
	if dir != "" {
		return dir, nil
	}
	if state := getenv("XDG_STATE_HOME"); filepath.IsAbs(state) {
		return filepath.Join(state, "sluice", "etcd"), nil
	}
	home := getenv("HOME")
	if home == "" {
		return "", fault.Hintf("name a server with --etcd-endpoints or a directory with --etcd-dir",
			"etcd settings: neither is given, and HOME is not set")
	}
	return filepath.Join(home, ".local", "state", "sluice", "etcd"), nil
}
