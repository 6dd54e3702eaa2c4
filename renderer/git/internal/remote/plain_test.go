package remote

import (
	"strings"
	"testing"

	"github.com/gatorcloud/sluice/renderer/model/fault"
)

// Credentials go over a network encrypted only, unless somebody says otherwise.
func TestCredentialsArePrivate(t *testing.T) {
	for name, tc := range map[string]struct {
		reason, url string
		auth        Auth
		ok          bool
	}{
		"Token":    {"whoever is on the way reads it", "http://git.example/fleet.git", Auth{Token: "s3cr3t"}, false},
		"Password": {"so is a password", "http://git.example/fleet.git", Auth{User: "a", Password: "s3cr3t"}, false},
		"InURL":    {"wherever it stands", "http://a:s3cr3t@git.example/fleet.git", Auth{}, false},
		"Said":     {"somebody wants it so", "http://git.example/fleet.git", Auth{Token: "s3cr3t", Insecure: true}, true},
		"Loopback": {"nobody is on the way", "http://127.0.0.1:8418/fleet.git", Auth{Token: "s3cr3t"}, true},
		"TLS":      {"encrypted", "https://git.example/fleet.git", Auth{Token: "s3cr3t"}, true},
		"Nothing":  {"nothing to read", "http://git.example/fleet.git", Auth{}, true},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := New(tc.url, tc.auth)
			if (err == nil) != tc.ok || err != nil && (fault.HintOf(err) == "" || strings.Contains(err.Error(), "s3cr3t")) {
				t.Errorf("%s: New() = %v, want %t", tc.reason, err, tc.ok)
			}
		})
	}
}
