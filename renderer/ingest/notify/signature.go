package notify

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/gatorcloud/sluice/renderer/model/fault"
)

const (
	// window is how far a stamp may be from now, both ways.
	window = 300 * time.Second
	// maxSignatures is how many signatures of a notice are looked at.
	maxSignatures = 8
	// keyPrefix begins a key as Standard Webhooks writes it.
	keyPrefix = "whsec_"
	// minKey is the fewest bytes of a key.
	minKey = 24
)

// Key is a secret that signs notices.
type Key []byte

// String keeps the key out of logs.
func (k Key) String() string { return "(key)" }

// ParseKeys reads keys, one a line, as whsec_ and base64. Empty lines and
// those that begin with # are passed over. No error shows a key.
func ParseKeys(text []byte) ([]Key, error) {
	var all []Key
	for i, line := range bytes.Split(text, []byte("\n")) {
		s := string(bytes.TrimSpace(line))
		if s == "" || s[0] == '#' {
			continue
		}
		raw, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(s, keyPrefix))
		if err != nil || len(raw) < minKey || !strings.HasPrefix(s, keyPrefix) {
			return nil, fault.Hintf("write whsec_ and the base64 of at least 24 random bytes on a line", "reading keys: line %d is no key", i+1)
		}
		all = append(all, raw)
	}
	if len(all) == 0 {
		return nil, fault.Hintf("write whsec_ and the base64 of at least 24 random bytes on a line", "reading keys: there is none")
	}
	return all, nil
}

// noticeID is what may become a part of a key. A dot is none of it: it ends the
// id in the text that is signed.
var noticeID = regexp.MustCompile(`^[A-Za-z0-9_-]{1,128}$`)

var stamp = regexp.MustCompile(`^[0-9]{1,12}$`)

// verify returns the id of a notice whose signature is by one of the keys and
// whose stamp is near now.
func verify(h http.Header, body []byte, keys []Key, now time.Time) (string, bool) {
	id, at, signatures := h.Values("Webhook-Id"), h.Values("Webhook-Timestamp"), h.Values("Webhook-Signature")
	if len(id) != 1 || len(at) != 1 || len(signatures) != 1 || !noticeID.MatchString(id[0]) || !stamp.MatchString(at[0]) {
		return "", false
	}
	seconds, err := strconv.ParseInt(at[0], 10, 64)
	if err != nil || now.Sub(time.Unix(seconds, 0)).Abs() > window {
		return "", false
	}
	good := false
	given := decoded(signatures[0])
	for _, key := range keys {
		mac := hmac.New(sha256.New, key)
		mac.Write([]byte(id[0] + "." + at[0] + "."))
		mac.Write(body)
		sum := mac.Sum(nil)
		for _, s := range given {
			good = hmac.Equal(sum, s) || good
		}
	}
	return id[0], good
}

// decoded returns the signatures of version 1 in the header.
func decoded(header string) [][]byte {
	var all [][]byte
	for one := range strings.FieldsSeq(header) {
		text, ok := strings.CutPrefix(one, "v1,")
		if !ok || len(all) == maxSignatures {
			continue
		}
		if raw, err := base64.StdEncoding.DecodeString(text); err == nil {
			all = append(all, raw)
		}
	}
	return all
}
