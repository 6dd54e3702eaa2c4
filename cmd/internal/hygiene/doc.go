// Package hygiene holds the project's rules about its own source as tests:
// which package may import which, what is documented, how large files and
// functions are, what stands at the top level. It has no code of its own.
package hygiene
