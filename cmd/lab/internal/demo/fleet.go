package demo

import "fmt"

// environment is the demo's environment.yaml.
func (d *demo) environment() map[string]any {
	return map[string]any{
		"apiVersion": "sluice.gatorcloud.io/v1", "kind": "Environment", "name": Name, "popId": "1", "popCode": "lab",
		"destination": map[string]any{"server": "https://kubernetes.default.svc"},
		"repoURL":     d.Repository, "domain": "lab.example.org", "namespacePrefix": Name + "-",
		"argocd": map[string]any{"plugin": "sluice"},
	}
}

// fleet is three rings of two, four and six tenants; a version is soaked for
// ten seconds in each.
func fleet() map[string]any {
	ring := func(name string, tenants ...string) map[string]any {
		r := map[string]any{"name": name, "soakSeconds": 10, "versions": map[string]string{"web": "1", "mail": "1"}}
		if len(tenants) > 0 {
			r["tenants"] = tenants
		}
		return r
	}
	return map[string]any{"apiVersion": "sluice.gatorcloud.io/v1", "kind": "Fleet", "rings": []any{
		ring("canary", "1001", "1002"), ring("early", "1003", "1004", "1005", "1006"), ring("main")}}
}

// tenants are the records of twelve tenants: all have web, every third mail too.
func tenants() []any {
	var all []any
	for i, name := range []string{"Acorn", "Birch", "Cedar", "Dogwood", "Elm", "Fir", "Ginkgo", "Hazel", "Ivy", "Juniper", "Kauri", "Larch"} {
		rights := []any{right("web")}
		if i%3 == 0 {
			rights = append(rights, right("mail"))
		}
		id := fmt.Sprint(1001 + i)
		all = append(all, map[string]any{"tenantId": id, "tenantName": name, "tenantCode": "c" + id, "authorisations": rights})
	}
	return all
}

func right(product string) map[string]any {
	return map[string]any{"product": product, "replicas": 1, "startTime": "2026-01-01T00:00:00Z"}
}
