// Package hermetic decides, before kustomize sees anything, that a build of a
// tree reads only that tree and ends within its limits.
//
// It follows every reference that kustomize would follow, with kustomize's own
// types, and refuses what is not a relative path to a file or directory inside
// the tree. It parses every file on the way with bounds on size, depth and the
// expansion of aliases, and adds up what the build may grow to: directories
// referred to twice count twice, replacements and generators count with what
// they may copy. A build that passes can be run without a way to stop it.
// Nothing here reads a disk, opens a connection or starts a process, and
// nothing is changed: what passes is the same bytes that kustomize then reads.
package hermetic
