package web

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"mime"
	"net/http"
	"path"
	"strings"
	"time"
)

// files are what the page consists of beside its data. htmx.min.js and
// hx-sse.min.js are those of htmx.org 4.0.1 on npm, unchanged, under the
// licence beside them.
//
//go:embed assets pages
var files embed.FS

// assetPath returns the URL of an embedded file. It names the content, so that
// browsers may keep it for ever.
func assetPath(name string) (string, error) {
	data, err := files.ReadFile("assets/" + name)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(data)
	return "/assets/" + name + "?" + hex.EncodeToString(sum[:6]), nil
}

// asset serves an embedded file.
func (s *server) asset(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("name")
	data, err := files.ReadFile("assets/" + name)
	if err != nil || strings.HasPrefix(name, ".") {
		s.fail(w, r, errNoPage)
		return
	}
	w.Header().Set("Cache-Control", "private, max-age=31536000, immutable")
	if kind := mime.TypeByExtension(path.Ext(name)); kind != "" {
		w.Header().Set("Content-Type", kind)
	}
	http.ServeContent(w, r, name, time.Time{}, bytes.NewReader(data))
}
