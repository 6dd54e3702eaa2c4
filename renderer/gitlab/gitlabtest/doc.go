// Package gitlabtest is a GitLab for tests: its REST protocol as far as package
// gitlab and Debian's python3-gitlab speak it, over a real bare repository whose
// merges git makes.
//
// It keeps users, merge requests, notes, pipelines and webhooks in memory and
// branches in the repository, so that a push by any way is seen. A new or
// pushed merge request is being checked for a few reads; merges need what the
// project asks for; what is too long or not allowed is refused as GitLab
// refuses it. Fault makes it fail in the ways that a real one fails in, before
// and after what was asked for is done.
//
// Its answers have the fields of GitLab's that are used here, in GitLab's form;
// tests compare them with the examples that GitLab's own client brings. Its pages
// are not GitLab's: they show merge requests, and have the buttons that merge and
// revert. What it does not have: groups, approvals, rebases, squashes, and keyset
// pages.
package gitlabtest
