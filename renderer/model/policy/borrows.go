package policy

import (
	"slices"
	"strings"
)

const (
	externalSecrets = "external-secrets.io"
	certManager     = "cert-manager.io"
	monitoring      = "monitoring.coreos.com"
	sealed          = "bitnami.com"
)

// borrows refuses what lets a controller act for the tenant with the rights that
// it has for the whole cluster: secrets of others, certificates for others' hosts,
// others' metrics, files of its own.
func (o *object) borrows() {
	if o.place.Shared {
		return
	}
	switch {
	case o.group == externalSecrets:
		o.secrets()
	case o.group == certManager && widely(at(o.fields, "spec", "issuerRef")["kind"]):
		o.certificates()
	case o.group == monitoring:
		o.scrapes()
	case o.is("keda.sh", "ScaledObject", "ScaledJob"):
		each(o.fields, func(key string, value any) {
			if ref, _ := value.(map[string]any); key == "authenticationRef" && widely(ref["kind"]) {
				o.refuse("use a TriggerAuthentication of the version", "authenticationRef %v uses credentials that are the cluster's", ref["name"])
			}
		})
	case o.is(sealed, "SealedSecret"):
		if wide := at(o.fields, "metadata", "annotations")["sealedsecrets.bitnami.com/cluster-wide"]; wide != nil {
			o.refuse("seal it for one name and namespace", "cluster-wide is a secret that every namespace can open")
		}
	}
}

// widely reports whether a kind that is referred to serves all namespaces.
func widely(kind any) bool {
	text, _ := kind.(string)
	return strings.Contains(text, "Cluster")
}

// secrets refuses to read or write, in a store of the whole cluster, what does not
// have the tenant's id, code or namespace as a part of its own in its key.
func (o *object) secrets() {
	if o.kind == "SecretStore" {
		o.store()
		return
	}
	wide := false
	each(o.fields, func(key string, value any) { wide = wide || key == "kind" && widely(value) })
	if !wide {
		return
	}
	const hint = "write tenantId or tenantCode into the key with replacements, as in tenants/<tenantId>/db, or use a SecretStore of the version"
	each(o.fields, func(key string, value any) {
		ref, _ := value.(map[string]any)
		for _, field := range map[string][]string{"remoteRef": {"key", "remoteKey"}, "extract": {"key"}, "find": {"path"}}[key] {
			text, given := ref[field].(string)
			if (given || key == "find") && !o.mine(text) {
				o.refuse(hint, "%s %q of a store of the whole cluster is not the tenant's alone", key+"."+field, text)
			}
		}
		if key == "generatorRef" && widely(ref["kind"]) {
			o.refuse("use a generator of the version", "generator %v is the cluster's", ref["name"])
		}
	})
}

// store refuses a store that is asked with no credentials of the tenant's: then
// the controller uses its own, which read for all tenants.
func (o *object) store() {
	own := false
	each(at(o.fields, "spec", "provider"), func(key string, value any) {
		ref, _ := value.(map[string]any)
		own = own || (strings.HasSuffix(key, "ecretRef") || key == "serviceAccountRef") && len(ref) > 0
	})
	if !own {
		o.refuse("name a Secret or a ServiceAccount of the version under auth", "the provider is asked with the rights of the controller")
	}
}

// mine reports whether a key has a name of the tenant as a part between
// separators.
func (o *object) mine(key string) bool {
	parts := strings.FieldsFunc(key, func(r rune) bool { return strings.ContainsRune("/.:_", r) })
	return !slices.Contains(parts, "..") && !strings.Contains(key, "..") && slices.ContainsFunc(append(slices.Clone(o.place.Hosts.Names), o.place.Namespace), func(name string) bool {
		return name != "" && slices.Contains(parts, name)
	})
}

// certificates refuses to have an issuer of the whole cluster vouch for what is
// not the tenant's.
func (o *object) certificates() {
	spec := at(o.fields, "spec")
	if o.kind != "Certificate" {
		o.refuse("use a Certificate", "what it asks an issuer of the whole cluster for cannot be read")
		return
	}
	names := texts(spec, "dnsNames")
	if name, _ := spec["commonName"].(string); name != "" {
		names = append(names, name)
	}
	if len(names) > 0 {
		o.hosts(names)
	}
	for _, field := range []string{"emailAddresses", "ipAddresses", "literalSubject", "otherNames", "uris"} {
		if spec[field] != nil {
			o.refuse("use dnsNames, or an Issuer of the version", "%s asks an issuer of the whole cluster for names of others", field)
		}
	}
}

// scrapes refuses to have Prometheus look into other namespaces, or send files of
// its own along.
func (o *object) scrapes() {
	each(o.fields, func(key string, value any) {
		switch key {
		case "namespaceSelector":
			s, _ := value.(map[string]any)
			if s["any"] == true || slices.ContainsFunc(texts(s, "matchNames"), func(name string) bool { return name != o.place.Namespace }) {
				o.refuse("remove it: without one it is the tenant's namespace", "namespaceSelector is for other namespaces")
			}
		case "bearerTokenFile", "caFile", "certFile", "credentialsFile", "keyFile":
			o.refuse("name a Secret of the version", "%s is a file of Prometheus itself", key)
		}
	})
}
