// Package manifest holds the forms that the renderer writes and the plugin
// reads: names, paths, marks on objects, overlay files, level descriptors and
// Applications.
//
// Each form has one writer, whose bytes depend on its arguments only, and
// where the plugin reads it back one strict decoder. Every string is written
// double-quoted with everything unprintable escaped, so no value can end a
// scalar or change its type. Descriptors are sealed: their last line is the
// digest of what precedes it, so that an edit by hand is seen. The package
// reads and writes no files.
package manifest
