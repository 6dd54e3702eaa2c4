// Package watch keeps a copy of the authorisations below one etcd prefix, and
// knows which tenants have changed since it was last asked.
//
// Invariants:
//   - What Take and All return is what etcd held at one revision, whole.
//   - A tenant whose records differ from those at the last Take is in the next
//     one, whatever happened to the watch in between. Many changes of one
//     tenant are one entry, so a slow reader costs no memory.
//   - A range read is the truth, a watch only a hint of it: each read at a
//     revision corrects what the copy has of that revision or before, and finds
//     what vanished. Between reads the watch goes on.
//   - The copy's revision never goes back within one etcd cluster.
//
// So what etcd guarantees of a watch (ordered, unique, reliable, atomic,
// resumable, bookmarkable) holds for whoever takes from the copy; TestGuarantees
// has a part for each.
//
// Mirror is that copy and knows no etcd; Watcher feeds one from etcd. Nothing
// here decodes records: values stay as they were read, shared and unchanged.
package watch
