// Package output prints lists in the forms that every listing command of
// sluice offers: table, wide, json, yaml and name.
//
// A command describes its columns once; the package aligns them (East Asian
// characters count as two cells), and escapes what a terminal would obey:
// values come from etcd and Git and may hold control characters. JSON and YAML
// carry the rows themselves, as an array, with nothing cut or escaped away.
// The package writes to the writer that it is given and nowhere else.
package output

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/pflag"
	"sigs.k8s.io/yaml"

	"github.com/gatorcloud/sluice/renderer/model/fault"
)

// Format is a value of the flag --output.
type Format string

const (
	// Table prints the columns that are not Wide; it is the default.
	Table Format = "table"
	// Wide prints all columns.
	Wide Format = "wide"
	// JSON prints the rows as an indented JSON array.
	JSON Format = "json"
	// YAML prints the rows as a YAML list.
	YAML Format = "yaml"
	// Name prints the first column only, one row a line, without a header.
	Name Format = "name"
)

// Formats returns the formats that every list has, in the order of the help text.
func Formats() []Format { return []Format{Table, Wide, JSON, YAML, Name} }

// ParseFormat returns s as one of the allowed formats, all of Formats when
// none are given. The empty string is the first of them.
func ParseFormat(s string, allowed ...Format) (Format, error) {
	if len(allowed) == 0 {
		allowed = Formats()
	}
	if s == "" {
		return allowed[0], nil
	}
	if slices.Contains(allowed, Format(s)) {
		return Format(s), nil
	}
	return "", fault.Hintf("use one of "+join(allowed), "output format %q is unknown", s)
}

func join(formats []Format) string {
	words := make([]string, len(formats))
	for i, f := range formats {
		words[i] = string(f)
	}
	return strings.Join(words, "|")
}

// Options are the output flags of one command. The zero value prints a table
// with headers.
type Options struct {
	Format    Format
	NoHeaders bool
	allowed   []Format
}

// AddFlags adds -o/--output and --no-headers to flags; allowed replaces the
// usual formats, and the first of them is the default.
func (o *Options) AddFlags(flags *pflag.FlagSet, allowed ...Format) {
	o.allowed = allowed
	if len(o.allowed) == 0 {
		o.allowed = Formats()
	}
	o.Format = o.allowed[0]
	flags.VarP((*value)(o), "output", "o", "output format: "+join(o.allowed))
	flags.BoolVar(&o.NoHeaders, "no-headers", false, "print tables without the header line")
}

// value makes Options a pflag.Value, so that a wrong format is refused while
// flags are parsed and before anything runs.
type value Options

// String returns the format.
func (v *value) String() string { return string(v.Format) }

// Type names the flag's value in help texts.
func (v *value) Type() string { return "format" }

// Set parses the format.
func (v *value) Set(s string) error {
	f, err := ParseFormat(s, v.allowed...)
	if err != nil {
		return err
	}
	v.Format = f
	return nil
}

// Column is one column of a table of rows of type T.
type Column[T any] struct {
	// Header is in capitals by custom.
	Header string
	// Wide columns are printed by the format wide only.
	Wide bool
	// Value returns the cell; an empty cell is printed as "-".
	Value func(T) string
}

// Print writes rows to w in the format of o. The first column is what the
// format name prints.
func Print[T any](w io.Writer, o Options, rows []T, columns []Column[T]) error {
	switch o.Format {
	case JSON:
		return Document(w, JSON, nonNil(rows))
	case YAML:
		return Document(w, YAML, nonNil(rows))
	case Name:
		return printTable(w, Options{NoHeaders: true}, rows, columns[:1])
	case Table, Wide, "":
		return printTable(w, o, rows, columns)
	default:
		return fmt.Errorf("printing rows: format %q is not one of a list", o.Format)
	}
}

// nonNil makes an empty list print as [] and not as null.
func nonNil[T any](rows []T) []T {
	if rows == nil {
		return []T{}
	}
	return rows
}

// Document writes one value as JSON or YAML.
func Document(w io.Writer, f Format, value any) error {
	if f == YAML {
		data, err := yaml.Marshal(value)
		if err != nil {
			return fmt.Errorf("printing yaml: %w", err)
		}
		_, err = w.Write(data)
		return err
	}
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	if err := e.Encode(value); err != nil {
		return fmt.Errorf("printing json: %w", err)
	}
	return nil
}
