// Package image builds the container image of the plugin as an OCI layout,
// without a Dockerfile, a daemon or a base image.
//
// The image holds the statically linked sluice-cmp, an account with Argo CD's
// user id 999 and the directories that a pod mounts, and nothing else: no
// shell, no git, no certificates, because the plugin starts no process and
// opens no connection. Equal binaries give an equal digest on any machine and
// at any time: all times are the epoch, entries are sorted, and nothing else
// of the building machine enters.
package image
