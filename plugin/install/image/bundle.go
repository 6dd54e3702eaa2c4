package image

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"slices"

	"github.com/gatorcloud/sluice/renderer/model/fault"
)

// authorities is where Go looks for certificates beside /etc/ssl/certs, which
// stays free for those that a pod mounts: it trusts both.
const authorities = "etc/pki/tls/certs/ca-bundle.crt"

// bundle returns certificates in an order and a form of its own, so that equal
// sets give equal images. It refuses everything else, such as a private key.
func bundle(data []byte) ([]byte, error) {
	var all [][]byte
	for rest := data; len(bytes.TrimSpace(rest)) > 0; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break // words between and after the blocks
		}
		if block.Type != "CERTIFICATE" {
			return nil, fault.Hintf("name a file of certificates alone", "reading authorities: it holds a %q", block.Type)
		}
		if _, err := x509.ParseCertificate(block.Bytes); err != nil {
			return nil, fault.Hintf("name a file of certificates in PEM", "reading authorities: certificate %d: %w", len(all), err)
		}
		all = append(all, block.Bytes)
	}
	if len(data) > 0 && len(all) == 0 {
		return nil, fault.Hintf("name a file of certificates in PEM", "reading authorities: it holds none")
	}
	slices.SortFunc(all, bytes.Compare)
	var out bytes.Buffer
	for _, der := range slices.CompactFunc(all, bytes.Equal) {
		if err := pem.Encode(&out, &pem.Block{Type: "CERTIFICATE", Bytes: der}); err != nil {
			return nil, fmt.Errorf("writing authorities: %w", err)
		}
	}
	return out.Bytes(), nil
}
