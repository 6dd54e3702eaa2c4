package manifest

import (
	"bytes"
	"errors"
	"strconv"
	"strings"
)

// written is a descriptor whose file can be read without decoding YAML.
type written interface {
	// set keeps the value of a key; it fails when a name does not pass its gate.
	set(key, value string) error
	// Encode returns the file.
	Encode() []byte
}

// fill fills found from a file that its Encode wrote, a tenth of the work of
// decoding YAML: it takes the values out of the lines and asks Encode whether
// they make the same file, seal included. It reports false for every other file,
// also one that means the same.
func fill(found written, file []byte) bool {
	if len(file) > maxDescriptor {
		return false
	}
	for line := range strings.Lines(string(file)) {
		key, value, _ := strings.Cut(line, ": ")
		if found.set(key, strings.Trim(value, "\"\n")) != nil {
			return false
		}
	}
	return bytes.Equal(found.Encode(), file)
}

// read fills o from a file that Encode wrote, and no other.
func (o *Overlay) read(file []byte) bool {
	found := Overlay{APIVersion: APIVersion, Kind: KindOverlay}
	if !fill(&found, file) {
		return false
	}
	*o = found
	return true
}

// set keeps the value of a key; it fails when a name does not pass its gate.
func (o *Overlay) set(key, value string) (err error) {
	switch key {
	case "environment":
		return o.Environment.UnmarshalText([]byte(value))
	case "tenant":
		return o.Tenant.UnmarshalText([]byte(value))
	case "namespace":
		o.Namespace = value
	case "product":
		return o.Product.UnmarshalText([]byte(value))
	case "component":
		return o.Component.UnmarshalText([]byte(value))
	case "version":
		return o.Version.UnmarshalText([]byte(value))
	case "state":
		o.State = value
	case "replicas":
		o.Replicas, err = strconv.Atoi(value)
	case "maxReplicas":
		o.MaxReplicas, err = strconv.Atoi(value)
	case "catalog":
		o.Catalog = value
	case "files":
		o.Files = value
	case "base":
		o.Base = value
	case "seal":
		o.Seal = value
	}
	return err
}

// read fills m from a file that Encode wrote, and no other.
func (m *Member) read(file []byte) bool {
	found := Member{APIVersion: APIVersion, Kind: KindMember}
	if !fill(&found, file) {
		return false
	}
	*m = found
	return true
}

// set keeps the value of a key; it fails when a name does not pass its gate.
func (m *Member) set(key, value string) error {
	switch key {
	case "tenant":
		return m.Tenant.UnmarshalText([]byte(value))
	case "path":
		m.Path = value
	case "- name":
		m.Products = append(m.Products, MemberProduct{})
		return m.Products[len(m.Products)-1].Name.UnmarshalText([]byte(value))
	case "  pin":
		if len(m.Products) == 0 {
			return errNoProduct
		}
		return m.Products[len(m.Products)-1].Pin.UnmarshalText([]byte(value))
	case "released":
		m.Released = value == "true"
	case "seal":
		m.Seal = value
	}
	return nil
}

var errNoProduct = errors.New("a pin of no product")
