package manifest_test

import (
	"bytes"
	"crypto/ed25519"
	"crypto/x509"
	"encoding/pem"
	"testing"

	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/manifest"
)

func sealKey(seed byte) ed25519.PrivateKey {
	return ed25519.NewKeyFromSeed(bytes.Repeat([]byte{seed}, ed25519.SeedSize))
}

func public(key ed25519.PrivateKey) ed25519.PublicKey { return key.Public().(ed25519.PublicKey) }

// A signed file is read like any other, and is trusted by who knows the key; two
// keys are known while they change.
func TestSign(t *testing.T) {
	body := []byte("tenant: \"1000006\"\npin: \"202\"\n")
	plain := manifest.Seal(bytes.Clone(body))
	old, other := sealKey(1), sealKey(2)
	signed := manifest.Sign(plain, old)
	if got, err := manifest.Unseal(signed); err != nil || !bytes.Equal(got, body) {
		t.Fatalf("Unseal(signed) = %q, %v, want the body", got, err)
	}
	if again := manifest.Sign(signed, old); !bytes.Equal(again, signed) {
		t.Errorf("Sign(signed) = %q, want the same", again)
	}
	if got := manifest.Sign(body, old); !bytes.Equal(got, body) {
		t.Errorf("Sign() of a file without a seal = %q, want it as it is", got)
	}
	for name, tc := range map[string]struct {
		reason string
		file   []byte
		keys   []ed25519.PublicKey
		ok     bool
	}{
		"Known":    {"the renderer's", signed, []ed25519.PublicKey{public(old)}, true},
		"Rotation": {"one of two", signed, []ed25519.PublicKey{public(other), public(old)}, true},
		"Other":    {"another key's", signed, []ed25519.PublicKey{public(other)}, false},
		"Digest":   {"who can push can make one", plain, []ed25519.PublicKey{public(old)}, false},
		"Edited":   {"resealed, with the signature of before", resealed(t, signed), []ed25519.PublicKey{public(old)}, false},
	} {
		t.Run(name, func(t *testing.T) {
			if err := manifest.Verify(tc.file, tc.keys); (err == nil) != tc.ok || err != nil && fault.HintOf(err) == "" {
				t.Errorf("%s: Verify() = %v, want %t", tc.reason, err, tc.ok)
			}
		})
	}
	for i := range signed {
		edited := bytes.Clone(signed)
		edited[i] ^= 1
		if manifest.Verify(edited, []ed25519.PublicKey{public(old)}) == nil {
			t.Fatalf("Verify() of a file with byte %d changed = nil", i)
		}
	}
}

// resealed edits a signed file as a committer would.
func resealed(t *testing.T, signed []byte) []byte {
	t.Helper()
	_, sig, found := bytes.Cut(signed, []byte(" ed25519:"))
	if !found {
		t.Fatal("the file is not signed")
	}
	other := manifest.Seal([]byte("tenant: \"1000007\"\n"))
	return append(append(other[:len(other)-2], " ed25519:"...), sig...)
}

func TestSealKeys(t *testing.T) {
	key := sealKey(3)
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	half, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		t.Fatal(err)
	}
	private := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
	known := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: half})
	if got, err := manifest.ParseSealKey(private); err != nil || !got.Equal(key) {
		t.Errorf("ParseSealKey() = %v", err)
	}
	if got, err := manifest.ParseSealKeys(append(bytes.Clone(known), known...)); err != nil || len(got) != 2 || !got[0].Equal(key.Public()) {
		t.Errorf("ParseSealKeys() = %d keys, %v", len(got), err)
	}
	for name, text := range map[string][]byte{"Empty": nil, "Text": []byte("key"), "Public": known} {
		if _, err := manifest.ParseSealKey(text); fault.HintOf(err) == "" {
			t.Errorf("ParseSealKey(%s) = %v, want a refusal with a hint", name, err)
		}
	}
	for name, text := range map[string][]byte{"Empty": nil, "Private": private} {
		if _, err := manifest.ParseSealKeys(text); fault.HintOf(err) == "" {
			t.Errorf("ParseSealKeys(%s) = %v, want a refusal with a hint", name, err)
		}
	}
}
