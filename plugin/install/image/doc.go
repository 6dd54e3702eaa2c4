// Package image builds a container image of one program, by default the
// plugin, as an OCI layout, without a Dockerfile, a daemon or a base image.
//
// The image holds the statically linked program, an account and the directories
// that a pod mounts, and nothing else: no shell, no git and, unless it is
// given some, no certificates. The plugin has Argo CD's user id 999 and needs
// no certificates, because it starts no process and opens no connection. Equal
// binaries give an equal digest, and equal papers beside the layout, on any
// machine and at any time: all times are the epoch, entries are sorted, and
// nothing else of the building machine enters.
package image
