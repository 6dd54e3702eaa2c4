package repoflags_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp"
	"github.com/ProtonMail/go-crypto/openpgp/armor"
	"github.com/ProtonMail/go-crypto/openpgp/packet"
	"github.com/google/go-cmp/cmp"
	"github.com/spf13/pflag"

	"github.com/gatorcloud/sluice/cmd/internal/cli/repoflags"
	"github.com/gatorcloud/sluice/renderer/git"
	"github.com/gatorcloud/sluice/renderer/model/fault"
)

func resolve(t *testing.T, args []string, env map[string]string) (string, git.Options, error) {
	t.Helper()
	f := repoflags.New(func(name string) string { return env[name] })
	set := pflag.NewFlagSet("test", pflag.ContinueOnError)
	f.Add(set)
	if err := set.Parse(args); err != nil {
		t.Fatal(err)
	}
	o, err := f.Options()
	return f.Location(), o, err
}

func TestOptions(t *testing.T) {
	type m = map[string]string
	base := git.Options{Author: git.Author{Name: "sluice", Email: "sluice@localhost"}, Patience: 5 * time.Minute}
	for name, tc := range map[string]struct {
		reason   string
		args     []string
		env      m
		location string
		want     func(*git.Options)
	}{
		"Nothing": {"the folder that one stands in", nil, nil, ".", func(*git.Options) {}},
		"Flags": {"every setting has a flag", []string{"--repo=r", "--branch=b", "--git-user=u", "--git-known-hosts=k", "--git-cache=c", "--git-author=a", "--git-email=e", "--git-timeout=30s"},
			nil, "r", func(o *git.Options) {
				*o = git.Options{Branch: "b", CacheDir: "c", Author: git.Author{Name: "a", Email: "e"}, Patience: 30 * time.Second, Auth: git.Auth{User: "u", KnownHosts: "k"}}
			}},
		"Environment": {"every setting has a variable, and secrets have nothing else", nil, m{"SLUICE_REPO": "r", "SLUICE_BRANCH": "b", "SLUICE_GIT_USER": "u", "SLUICE_GIT_KNOWN_HOSTS": "k",
			"SLUICE_GIT_CACHE": "c", "SLUICE_GIT_AUTHOR": "a", "SLUICE_GIT_EMAIL": "e", "SLUICE_GIT_TIMEOUT": "30s", "SLUICE_GIT_TOKEN": "t", "SLUICE_GIT_PASSWORD": "p"},
			"r", func(o *git.Options) {
				*o = git.Options{Branch: "b", CacheDir: "c", Author: git.Author{Name: "a", Email: "e"}, Patience: 30 * time.Second,
					Auth: git.Auth{User: "u", KnownHosts: "k", Token: "t", Password: "p"}}
			}},
		"Both": {"a flag says more", []string{"--branch=flag", "--git-timeout=1m"}, m{"SLUICE_BRANCH": "env", "SLUICE_GIT_TIMEOUT": "30s"}, ".",
			func(o *git.Options) { o.Branch, o.Patience = "flag", time.Minute }},
	} {
		t.Run(name, func(t *testing.T) {
			location, got, err := resolve(t, tc.args, tc.env)
			want := base
			tc.want(&want)
			if diff := cmp.Diff(want, got); err != nil || diff != "" || location != tc.location {
				t.Errorf("%s: Options() = %v of %q, want %q (-want +got):\n%s", tc.reason, err, location, tc.location, diff)
			}
		})
	}
}

func TestOptionsRefuse(t *testing.T) {
	for name, tc := range map[string]struct {
		reason, shows string
		args          []string
		env           map[string]string
	}{
		"Timeout": {"no duration", "reading SLUICE_GIT_TIMEOUT", nil, map[string]string{"SLUICE_GIT_TIMEOUT": "soon"}},
		"Forever": {"a server that hangs would keep a leader", "reading SLUICE_GIT_TIMEOUT", nil, map[string]string{"SLUICE_GIT_TIMEOUT": "1000h"}},
		"Key":     {"no file", "reading --git-ssh-key", []string{"--git-ssh-key=nowhere"}, nil},
		"SignKey": {"no file", "reading --sign-key", []string{"--sign-key=nowhere"}, nil},
		"NoKey":   {"no key", "OpenPGP", []string{"--sign-key=repoflags.go"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			if _, _, err := resolve(t, tc.args, tc.env); err == nil || !strings.Contains(err.Error(), tc.shows) || fault.HintOf(err) == "" {
				t.Errorf("%s: Options() = %v with hint %q, want %q and a hint", tc.reason, err, fault.HintOf(err), tc.shows)
			}
		})
	}
}

// A key that has a passphrase is opened by the variable or by the file, which
// says more; without either, and with a wrong one, nothing is written unsigned.
func TestSignKey(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	key := "--sign-key=" + write("key", privateKey(t, "open sesame"))
	right, wrong := "--sign-key-passphrase-file="+write("right", "open sesame\n"), "--sign-key-passphrase-file="+write("wrong", "guessed\n")
	variable := map[string]string{"SLUICE_SIGN_KEY_PASSPHRASE": "open sesame"}
	for name, tc := range map[string]struct {
		reason string
		args   []string
		env    map[string]string
		opens  bool
	}{
		"Variable": {"as in a Deployment", []string{key}, variable, true},
		"File":     {"as a mounted Secret", []string{key, right}, nil, true},
		"Both":     {"a flag says more", []string{key, wrong}, variable, false},
		"Neither":  {"it is locked", []string{key}, nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			_, o, err := resolve(t, tc.args, tc.env)
			if (err == nil) != tc.opens || (o.Signer != nil) != tc.opens || err != nil && strings.Contains(err.Error(), "guessed") {
				t.Errorf("%s: Options() = signer %t, %v, want one: %t", tc.reason, o.Signer != nil, err, tc.opens)
			}
		})
	}
}

// privateKey returns an OpenPGP key, armored and locked.
func privateKey(t *testing.T, passphrase string) string {
	t.Helper()
	e, err := openpgp.NewEntity("sluice", "", "sluice@example.com", &packet.Config{Algorithm: packet.PubKeyAlgoEdDSA})
	if err != nil {
		t.Fatal(err)
	}
	if err := e.EncryptPrivateKeys([]byte(passphrase), nil); err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	w, err := armor.Encode(&b, openpgp.PrivateKeyType, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(e.SerializePrivateWithoutSigning(w, nil), w.Close()); err != nil {
		t.Fatal(err)
	}
	return b.String()
}
