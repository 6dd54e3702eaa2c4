package authz

import (
	"bytes"
	"strconv"
	"strings"
)

// writtenFacts reads a file that EncodeFacts wrote, a tenth of the work of
// decoding YAML: it takes the values out of the lines, past the same gates, and
// asks EncodeFacts whether they make the same file. It reports false for every
// other file, also one that means the same.
func writtenFacts(data []byte) (Facts, bool) {
	if len(data) > maxFacts {
		return Facts{}, false
	}
	var r factsRecord
	for line := range strings.Lines(string(data)) {
		key, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), ": ")
		r.set(key, value)
	}
	f, err := r.check()
	if err != nil {
		return Facts{}, false
	}
	again, err := EncodeFacts(f)
	return f, err == nil && bytes.Equal(again, data)
}

// set keeps the value of a line. What is none of theirs is passed over: then the
// file is another.
func (r *factsRecord) set(key, value string) {
	switch key {
	case "apiVersion":
		r.APIVersion = value
	case "kind":
		r.Kind = value
	case "tenantId":
		r.TenantID = textOf(value)
	case "tenantName":
		r.TenantName = textOf(value)
	case "tenantCode":
		r.TenantCode = textOf(value)
	case "releasedAt":
		r.ReleasedAt = textOf(value)
	case "keptClaims:":
		r.KeptClaims = []keptRecord{}
	case "- product":
		if r.KeptClaims == nil {
			r.Authorisations = append(r.Authorisations, factsAuthorisation{authorisationRecord: authorisationRecord{Product: textOf(value)}})
		} else {
			r.KeptClaims = append(r.KeptClaims, keptRecord{Product: textOf(value)})
		}
	default:
		r.setIn(key, value)
	}
}

// setIn keeps the value of a line that is indented: it is of the last product,
// or a label before the first.
func (r *factsRecord) setIn(key, value string) {
	switch {
	case len(r.KeptClaims) > 0:
		k := &r.KeptClaims[len(r.KeptClaims)-1]
		if key == "  storageClass" {
			k.StorageClass = textOf(value)
		} else if name, ok := strings.CutPrefix(key, "    "); ok {
			put(&k.Sizes, textOf(name), textOf(value))
		}
	case len(r.Authorisations) > 0:
		r.Authorisations[len(r.Authorisations)-1].set(key, value)
	default:
		if name, ok := strings.CutPrefix(key, "  "); ok {
			put(&r.Labels, textOf(name), textOf(value))
		}
	}
}

func (r *factsAuthorisation) set(key, value string) {
	switch key {
	case "  version":
		r.Version = textOf(value)
	case "  replicas":
		r.Replicas = scalarOf(value)
	case "  maxReplicas":
		r.MaxReplicas = scalarOf(value)
	case "    daily":
		r.Limits.Daily = scalarOf(value)
	case "    concurrent":
		r.Limits.Concurrent = scalarOf(value)
	case "  storage":
		r.Storage = textOf(value)
	case "  shrinkFrom":
		r.ShrinkFrom = textOf(value)
	case "  startTime":
		r.StartTime = textOf(value)
	case "  endTime":
		r.EndTime = textOf(value)
	case "  description":
		r.Description = textOf(value)
	case "  state":
		r.State = textOf(value)
	default:
		if name, ok := strings.CutPrefix(key, `    "`); ok {
			put(&r.Parameters, textOf(`"`+name), scalarOf(value))
		}
	}
}

func put[V any](m *map[string]V, key string, value V) {
	if *m == nil {
		*m = map[string]V{}
	}
	(*m)[key] = value
}

// textOf returns a text without its quotes, and nothing of the file around it.
func textOf(quoted string) string {
	s, _ := strconv.Unquote(quoted) // of what is no text nothing is left
	return strings.Clone(s)
}

// scalarOf returns a value as a decoder of JSON does.
func scalarOf(value string) any {
	if n, err := strconv.ParseInt(value, 10, 64); err == nil {
		return n
	}
	if n, err := strconv.ParseFloat(value, 64); err == nil {
		return n
	}
	if value == "true" || value == "false" {
		return value == "true"
	}
	return textOf(value)
}
