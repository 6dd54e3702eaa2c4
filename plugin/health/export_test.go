package health

import "io/fs"

// Customize is Customizations of the sources in files.
func Customize(files fs.FS) (map[string]string, error) { return sources{files}.customizations() }

// Script is the script that the named source in files gives for a kind.
func Script(files fs.FS, name, kind string) (string, error) { return sources{files}.script(name, kind) }
