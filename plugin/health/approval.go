package health

import (
	"slices"
	"strings"
)

// Approval returns the value of the annotation gatorcloud.io/approved that
// approves versions by product: "dsa=31,swg=202", in the order that the health
// check expects. It is empty when there is nothing to approve: no versions, or
// one without a value.
func Approval(versions map[string]string) string {
	list := make([]string, 0, len(versions))
	for product, version := range versions {
		if version == "" {
			return ""
		}
		list = append(list, product+"="+version)
	}
	slices.Sort(list)
	return strings.Join(list, ",")
}
