package ident

import (
	"regexp"
	"strings"
)

// Forms of names that Kubernetes defines.
var (
	dnsLabel   = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$`)
	dnsName    = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$`)
	labelName  = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$`)
	camelBegin = regexp.MustCompile(`^[a-z][A-Za-z0-9]{0,62}$`)
)

// IsDNSLabel reports whether s is a DNS label (RFC 1123): at most 63 characters.
func IsDNSLabel(s string) bool { return dnsLabel.MatchString(s) }

// IsDNSName reports whether s is a DNS subdomain as Kubernetes has it (RFC 1123):
// at most 253 characters.
func IsDNSName(s string) bool { return len(s) <= 253 && dnsName.MatchString(s) }

// IsLoopback reports whether a host, without its port, is this machine: the one
// place to which credentials may go unencrypted.
func IsLoopback(host string) bool {
	rest, four := strings.CutPrefix(host, "127.")
	return host == "localhost" || host == "::1" || strings.HasSuffix(host, ".localhost") ||
		four && strings.Count(rest, ".") == 2 && strings.Trim(rest, "0123456789.") == ""
}

// IsHostName reports whether s is a DNS name each of whose labels is one too,
// as the name of a host must be.
func IsHostName(s string) bool {
	for label := range strings.SplitSeq(s, ".") {
		if !IsDNSLabel(label) {
			return false
		}
	}
	return len(s) <= 253
}

// IsLabelKey reports whether s is the key of a label: a name, with or without
// a DNS subdomain and a slash before it.
func IsLabelKey(s string) bool {
	prefix, name, found := strings.Cut(s, "/")
	if !found {
		return labelName.MatchString(s)
	}
	return IsDNSName(prefix) && labelName.MatchString(name)
}

// IsLabelValue reports whether s is the value of a label; it may be empty.
func IsLabelValue(s string) bool { return s == "" || labelName.MatchString(s) }

// IsParameter reports whether s is the name of a product's parameter: camel
// case that begins with a small letter, at most 63 characters.
func IsParameter(s string) bool { return camelBegin.MatchString(s) }

// IsDevice reports whether Windows takes a file of the name s for a device, in
// any case and whatever follows a dot: a checkout there fails on it.
func IsDevice(s string) bool {
	stem, _, _ := strings.Cut(strings.ToLower(s), ".")
	switch stem {
	case "con", "prn", "aux", "nul":
		return true
	}
	return len(stem) == 4 && (strings.HasPrefix(stem, "com") || strings.HasPrefix(stem, "lpt")) && '0' <= stem[3] && stem[3] <= '9'
}
