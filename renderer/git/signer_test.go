package git

import (
	"bytes"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/go-git/go-git/v5"

	"github.com/gatorcloud/sluice/renderer/git/gittest"
	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/short"
)

// keyring is a GnuPG home that ends with the test.
type keyring struct {
	t    *testing.T
	home string
}

func newKeyring(t *testing.T) keyring {
	t.Helper()
	if _, err := exec.LookPath("gpg"); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("CI has no gpg")
		}
		t.Skip("gpg is not installed")
	}
	home, err := os.MkdirTemp("", "gpg") // its sockets have short paths
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(home+"/gpg-agent.conf", []byte("s2k-count 65536\n"), 0o600); err != nil { // passphrases of tests need no time
		t.Fatal(err)
	}
	k := keyring{t, home}
	t.Cleanup(func() { _ = exec.Command("gpgconf", "--homedir", home, "--kill", "all").Run(); os.RemoveAll(home) })
	return k
}

// gpg runs gpg with a passphrase, which may be empty, and returns what it prints.
func (k keyring) gpg(passphrase string, args ...string) string {
	k.t.Helper()
	cmd := exec.Command("gpg", append([]string{"--homedir", k.home, "--batch", "--pinentry-mode", "loopback", "--passphrase", passphrase}, args...)...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		k.t.Fatalf("gpg %q: %v: %s", args, err, &stderr)
	}
	return string(out)
}

// fingerprints returns those of all keys, subkeys behind their primary ones.
func (k keyring) fingerprints() []string {
	var all []string
	for line := range strings.Lines(k.gpg("", "--with-colons", "--list-keys")) {
		if fields := strings.Split(line, ":"); fields[0] == "fpr" {
			all = append(all, fields[9])
		}
	}
	return all
}

// Commits are signed so that GnuPG, which Argo CD asks, and go-git take them,
// and nobody who changes a byte or has another key.
func TestSigned(t *testing.T) {
	short.Skip(t, "makes keys and has GnuPG look at signatures")
	t.Parallel()
	for name, tc := range map[string]struct {
		reason, algorithm, passphrase string
		subkey                        bool
	}{
		"Plain":      {"a key that lies open in a Secret", "ed25519", "", false},
		"Passphrase": {"a key that is kept apart from its passphrase", "ed25519", "open sesame", false},
		"RSA":        {"what most teams have", "rsa2048", "open sesame", false},
		"Subkey":     {"the primary key is somewhere safe", "ed25519", "open sesame", true},
	} {
		t.Run(name, func(t *testing.T) {
			k := newKeyring(t)
			use, export := "sign", "--export-secret-keys"
			if tc.subkey {
				use, export = "cert", "--export-secret-subkeys"
			}
			k.gpg(tc.passphrase, "--quick-gen-key", "sluice <sluice@example.com>", tc.algorithm, use, "never")
			if tc.subkey {
				k.gpg(tc.passphrase, "--quick-add-key", k.fingerprints()[0], tc.algorithm, "sign", "never")
			}
			all := k.fingerprints()
			signing := all[len(all)-1]
			s, err := ParseSigner([]byte(k.gpg(tc.passphrase, "--armor", export)), tc.passphrase)
			if err != nil {
				t.Fatalf("%s: ParseSigner() = %v", tc.reason, err)
			}
			server := gittest.New(t)
			r, err := Open(t.Context(), server.Dir, Options{Branch: "main", Signer: s, Author: Author{"sluice", "sluice@example.com"}})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = r.Close() })
			update(t, r, func(tx *Tx) { putFile(t, tx, "a", "1") })
			update(t, r, func(tx *Tx) { putFile(t, tx, "a", "2") })
			server.Git("fsck", "--strict")
			for _, commit := range []string{"main", "main~1"} {
				if said, err := k.verify(server, commit); err != nil || !strings.Contains(said, signing) {
					t.Errorf("%s: git verify-commit %s = %v: %s, want the key %s", tc.reason, commit, err, said, signing)
				}
			}
			k.verifiedByGoGit(server)
			data := strings.Replace(server.Git("cat-file", "commit", "main"), "test", "tost", 1)
			forged, err := gittest.TryGit(server.Dir, []byte(data), "hash-object", "-t", "commit", "-w", "--stdin")
			if err != nil {
				t.Fatal(err)
			}
			if said, err := k.verify(server, strings.TrimSpace(forged)); err == nil {
				t.Errorf("%s: git verify-commit of an edited commit = %s, want a refusal", tc.reason, said)
			}
			if said, err := newKeyring(t).verify(server, "main"); err == nil {
				t.Errorf("%s: git verify-commit without the key = %s, want a refusal", tc.reason, said)
			}
		})
	}
}

// verify has git ask GnuPG with this keyring.
func (k keyring) verify(server *gittest.Repo, commit string) (string, error) {
	cmd := exec.Command("git", "verify-commit", "-v", commit)
	cmd.Dir, cmd.Env = server.Dir, append(gittest.Env(), "GNUPGHOME="+k.home)
	said, err := cmd.CombinedOutput()
	return string(said), err
}

func (k keyring) verifiedByGoGit(server *gittest.Repo) {
	k.t.Helper()
	repo, err := git.PlainOpen(server.Dir)
	if err != nil {
		k.t.Fatal(err)
	}
	head, err := repo.Head()
	if err != nil {
		k.t.Fatal(err)
	}
	commit, err := repo.CommitObject(head.Hash())
	if err != nil {
		k.t.Fatal(err)
	}
	if _, err := commit.Verify(k.gpg("", "--armor", "--export")); err != nil {
		k.t.Errorf("go-git: Verify() = %v", err)
	}
}

// A key that cannot sign is refused before the first change, and never shown.
func TestParseSignerRefuses(t *testing.T) {
	short.Skip(t, "has GnuPG make keys")
	t.Parallel()
	const passphrase = "open sesame"
	k := newKeyring(t)
	k.gpg(passphrase, "--quick-gen-key", "sluice <sluice@example.com>", "ed25519", "sign", "never")
	private, public := k.gpg(passphrase, "--armor", "--export-secret-keys"), k.gpg("", "--armor", "--export")
	certifies := newKeyring(t)
	certifies.gpg("", "--quick-gen-key", "sluice <sluice@example.com>", "ed25519", "cert", "never")
	k.gpg(passphrase, "--quick-gen-key", "other <other@example.com>", "ed25519", "sign", "never")
	for name, tc := range map[string]struct{ reason, key, passphrase string }{
		"Passphrase": {"a wrong one", private, "guessed"},
		"None":       {"it has one", private, ""},
		"Public":     {"half of it", public, passphrase},
		"Two":        {"which one?", k.gpg(passphrase, "--armor", "--export-secret-keys"), passphrase},
		"Use":        {"it may only certify", certifies.gpg("", "--armor", "--export-secret-keys"), ""},
		"Text":       {"no key", "hello", ""},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := ParseSigner([]byte(tc.key), tc.passphrase)
			if err == nil || fault.HintOf(err) == "" || tc.passphrase != "" && strings.Contains(err.Error(), tc.passphrase) {
				t.Errorf("%s: ParseSigner() = %v with hint %q, want a refusal with a hint", tc.reason, err, fault.HintOf(err))
			}
		})
	}
}
