package argocd_test

import (
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gatorcloud/sluice/renderer/argocd"
	"github.com/gatorcloud/sluice/renderer/model/fault"
)

func TestKubeconfigIsRefused(t *testing.T) {
	good := fields{"server": "https://k8s.example:6443"}
	with := func(c, user fields) string { return kubeconfig(t, place{cluster: c, user: user}) }
	for name, tc := range map[string]struct {
		reason, text string
		shows        string // of the error
	}{
		"NotYAML":       {"no document at all", "contexts: [", "yaml"},
		"Other":         {"a list is none", "[1]", "cannot unmarshal"},
		"Empty":         {"nothing in it", "", "there is none, or nothing in it"},
		"NoCurrent":     {"nothing chosen", strings.Replace(with(good, nil), `"current-context":"here"`, `"current-context":""`, 1), "there is no context"},
		"NoContext":     {"one that is not there", strings.Replace(with(good, nil), `"current-context":"here"`, `"current-context":"gone"`, 1), `gone`},
		"NoCluster":     {"a context of nothing", strings.Replace(with(good, nil), `{"cluster":"here"`, `{"cluster":"gone"`, 1), `gone`},
		"NoUser":        {"a context of nobody", strings.Replace(with(good, nil), `"user":"here"`, `"user":"gone"`, 1), `gone`},
		"PlainHTTP":     {"a token would go in the clear", with(fields{"server": "http://k8s.example"}, nil), `"http://k8s.example"`},
		"NoScheme":      {"it would be http", with(fields{"server": "k8s.example"}, nil), `"k8s.example"`},
		"NoServer":      {"nothing to ask", with(fields{}, nil), "no server found"},
		"Insecure":      {"anybody could answer", with(fields{"server": "https://k8s.example", "insecure-skip-tls-verify": true}, nil), "insecure-skip-tls-verify"},
		"Proxy":         {"no URL", with(fields{"server": "https://k8s.example", "proxy-url": "ftp://x"}, nil), `"ftp"`},
		"Authority":     {"no certificate", with(fields{"server": "https://k8s.example", "certificate-authority-data": []byte("x")}, nil), "https://k8s.example"},
		"AuthorityFile": {"no such file", with(fields{"server": "https://k8s.example", "certificate-authority": "gone.crt"}, nil), "gone.crt"},
		"Certificate":   {"no pair", with(good, fields{"client-certificate-data": []byte("x"), "client-key-data": []byte("y")}), "https://k8s.example"},
		"TokenFile":     {"no such file", with(good, fields{"tokenFile": "gone"}), "gone"},
		"Exec":          {"no program", with(good, fields{"exec": fields{"apiVersion": "client.authentication.k8s.io/v1", "interactiveMode": "Never"}}), "command"},
		"Provider":      {"none of this name", with(good, fields{"auth-provider": fields{"name": "nobody"}}), "nobody"},
		"Gone":          {"a provider that client-go has no more", with(good, fields{"auth-provider": fields{"name": "gcp"}}), "gcp"},
	} {
		t.Run(name, func(t *testing.T) {
			access, err := argocd.Kubeconfig(argocd.Options{File: write(t, filepath.Join(t.TempDir(), "config"), tc.text)})
			if err == nil {
				_, err = argocd.New(access, "argocd")
			}
			if err == nil || fault.HintOf(err) == "" || fault.ClassOf(err) != fault.Person || !strings.Contains(err.Error(), tc.shows) || strings.Contains(err.Error(), "\n") {
				t.Errorf("%s: error = %v with hint %q, want a line that shows %s and a hint", tc.reason, err, fault.HintOf(err), tc.shows)
			}
		})
	}
}

// Files come from the option or from KUBECONFIG, which may be a list; the
// first that says something decides it.
func TestKubeconfigFiles(t *testing.T) {
	dir := t.TempDir()
	file := func(name string) string { return filepath.Join(dir, name) }
	write(t, file("a"), kubeconfig(t, place{name: "a", cluster: fields{"server": "https://a.example"}}, place{name: "both", cluster: fields{"server": "https://a2.example"}}))
	write(t, file("b"), kubeconfig(t, place{name: "b", cluster: fields{"server": "https://b.example"}}, place{name: "both", cluster: fields{"server": "https://b2.example"}}))
	list := strings.Join([]string{file("gone"), file("a"), file("b")}, string(filepath.ListSeparator))
	for name, tc := range map[string]struct {
		reason, env string
		options     argocd.Options
		want, shows string // the server, or what the error and its hint show
	}{
		"Current":   {"the first file chooses", list, argocd.Options{}, "https://a.example", ""},
		"Chosen":    {"a context of any file", list, argocd.Options{Context: "b"}, "https://b.example", ""},
		"InBoth":    {"the first file that has it", list, argocd.Options{Context: "both"}, "https://a2.example", ""},
		"Named":     {"the option goes before the variable", list, argocd.Options{File: file("b"), Context: "both"}, "https://b2.example", ""},
		"NoContext": {"the hint names those that are there", list, argocd.Options{Context: "c"}, "", `there is no context "c"; choose one of "a", "b", "both"`},
		"NoFile":    {"it was asked for", list, argocd.Options{File: file("gone")}, "", file("gone")},
		"NoneThere": {"all are missing", file("gone"), argocd.Options{}, "", file("gone")},
		"Nothing":   {"no file at home either", "", argocd.Options{}, "", "set KUBECONFIG"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("KUBECONFIG", tc.env)
			t.Setenv("HOME", dir)
			access, err := argocd.Kubeconfig(tc.options)
			if tc.want == "" {
				if err == nil || !strings.Contains(err.Error()+"; "+fault.HintOf(err), tc.shows) || fault.HintOf(err) == "" {
					t.Errorf("%s: Kubeconfig() = %v with hint %q, want both to show %s", tc.reason, err, fault.HintOf(err), tc.shows)
				}
				return
			}
			if err != nil || access.Host != tc.want {
				t.Errorf("%s: Kubeconfig() = %v, %v, want server %q", tc.reason, access, err, tc.want)
			}
		})
	}
}

// A namespace from a flag stays one part of the path.
func TestNamespaceIsChecked(t *testing.T) {
	access, err := argocd.Kubeconfig(argocd.Options{File: write(t, filepath.Join(t.TempDir(), "config"), kubeconfig(t, place{cluster: fields{"server": "https://k8s.example"}}))})
	if err != nil {
		t.Fatal(err)
	}
	for _, namespace := range []string{"", ".", "..", "a/b", "a%2fb"} {
		if _, err := argocd.New(access, namespace); fault.HintOf(err) == "" {
			t.Errorf("New(%q) = %v, want an error with a hint", namespace, err)
		}
	}
}

// Outside a pod, or in one without an account, there is one clear line.
func TestInCluster(t *testing.T) {
	t.Setenv("KUBERNETES_SERVICE_PORT", "443")
	for name, host := range map[string]string{"NoPod": "", "NoAccount": "10.96.0.1"} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("KUBERNETES_SERVICE_HOST", host)
			if _, err := os.Stat("/var/run/secrets/kubernetes.io/serviceaccount/token"); err == nil && host != "" {
				t.Skip("this process runs in a pod that has an account")
			}
			if _, err := argocd.InCluster(); fault.ClassOf(err) != fault.Person || fault.HintOf(err) == "" {
				t.Errorf("InCluster() = %v, want an error with a hint", err)
			}
		})
	}
}

func FuzzKubeconfig(f *testing.F) {
	f.Add([]byte("current-context: a\ncontexts: [{name: a, context: {cluster: c, user: u}}]\nclusters: [{name: c, cluster: {server: 'https://x'}}]\nusers: [{name: u}]\n"))
	file := filepath.Join(f.TempDir(), "config")
	f.Fuzz(func(t *testing.T, data []byte) {
		access, err := argocd.Kubeconfig(argocd.Options{File: write(t, file, string(data))})
		if err != nil {
			return
		}
		if at, err := url.Parse(access.Host); err != nil || at.Host == "" || access.Insecure {
			t.Errorf("Kubeconfig() = server %q, insecure %t, and no error", access.Host, access.Insecure)
		}
	})
}
