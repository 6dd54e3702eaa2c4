package tree

// Sink takes rendered content; a Git transaction and a directory are sinks.
// Paths are relative to the repository. Its methods may be called from many
// goroutines.
type Sink interface {
	// Put makes d the directory at path; nil removes what is there.
	Put(path string, d *Dir) error
	// PutFile makes data the file at path.
	PutFile(path string, data []byte) error
	// Reset makes old content at and below path count as absent.
	Reset(path string)
	// Guard has g judge everything that was put before it takes effect. It is
	// called before anything is put.
	Guard(g Guard)
}
