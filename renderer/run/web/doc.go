// Package web is the page: who runs what and why not, for eyes.
//
// It is a view of package report and holds nothing of its own. Every state has
// a URL, every answer is a whole page that is right without JavaScript; htmx
// and its SSE extension, which are embedded, only fetch the same URL again when
// something changed and put what differs into place.
//
// It reads and never writes: what can be done stands there as the command to
// copy. Whoever asks from beyond loopback is reviewed by the cluster at every
// request (see gate). Names of tenants, reasons and objects are text of others:
// html/template escapes them, and the policy of contents allows no script and
// no style but the embedded ones, and no other host.
package web
