// Package cmpserver serves Argo CD's ConfigManagementPluginService on a unix
// socket without a process or a file per request.
//
// It speaks the protocol of Argo CD 2.14 and 3.x, whose repo-server is its only
// client: a stream of one metadata message and the chunks of a gzip-compressed
// tar, answered by manifests. The messages are written here by hand, because
// Argo CD's own package for them costs 50 ms of start-up; the tests judge them
// with that package.
//
// Invariants: at most Concurrency requests are worked on and at most Queue
// wait, and one more is told so at once; every request ends by its deadline,
// by Timeout or with its client, whichever is first; once Serve was told to
// stop, requests that were accepted are finished within Drain. It does not
// know what a directory means: that is package plugin.
package cmpserver
