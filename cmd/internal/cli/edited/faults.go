package edited

import "errors"

// Faults returns what is wrong after an edit and was not before it.
func Faults(before, after []error) error {
	known := map[string]bool{}
	for _, err := range before {
		known[err.Error()] = true
	}
	var all []error
	for _, err := range after {
		if !known[err.Error()] {
			all = append(all, err)
		}
	}
	return errors.Join(all...)
}
