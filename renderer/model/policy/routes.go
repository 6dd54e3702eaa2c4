package policy

import (
	"maps"
	"slices"
	"strings"
)

// Hosts says what the names of a tenant's hosts are made of: Domain, and below it
// one of Names as a whole label.
type Hosts struct {
	Domain string
	Names  []string
}

const apisix = "apisix.apache.org"

// traffic refuses routes that take what is meant for others: hosts that are not
// of the place, no host, which is every host, and whole ports; and code, or
// requests of its own, in the gateway that all tenants share and that reaches the
// pods of all.
func (o *object) traffic() {
	spec := at(o.fields, "spec")
	switch {
	case o.is(apisix, "ApisixRoute"):
		for _, rule := range list(spec, "http") {
			r, _ := rule.(map[string]any)
			o.hosts(textsOf(at(r, "match"), "hosts"))
		}
		for _, rule := range list(spec, "stream") {
			r, _ := rule.(map[string]any)
			o.hosts(textsOf(at(r, "match"), "host"))
		}
	case o.is(apisix, "ApisixTls"):
		o.hosts(textsOf(spec, "hosts"))
	case o.is("networking.k8s.io", "Ingress") || o.is("extensions", "Ingress"):
		if spec["defaultBackend"] != nil || spec["backend"] != nil {
			o.hosts(nil)
		}
		for _, rule := range list(spec, "rules") {
			r, _ := rule.(map[string]any)
			o.hosts(textsOf(r, "host"))
		}
		for _, rule := range list(spec, "tls") {
			if r, _ := rule.(map[string]any); len(list(r, "hosts")) > 0 {
				o.hosts(textsOf(r, "hosts"))
			}
		}
	case o.is("gateway.networking.k8s.io", "HTTPRoute", "GRPCRoute", "TLSRoute"):
		o.hosts(textsOf(spec, "hostnames"))
	case o.is("gateway.networking.k8s.io", "Gateway"):
		for _, listener := range list(spec, "listeners") {
			l, _ := listener.(map[string]any)
			o.hosts(textsOf(l, "hostname"))
		}
	case o.is("gateway.networking.k8s.io", "TCPRoute", "UDPRoute"):
		o.hosts(nil)
	}
	o.gateway()
}

// hosts refuses the hosts of one rule that are not of the place.
func (o *object) hosts(all []string) {
	if len(all) == 0 {
		o.refuse("name the tenant's host", "a route without a host takes those of all tenants")
	}
	for _, host := range all {
		switch {
		case o.place.Shared && !strings.Contains(host, "*"):
		case o.place.Shared:
			o.refuse("name the host", "host %q is that of tenants too", host)
		case !o.place.Hosts.has(host):
			o.refuse("write tenantCode or tenantId, and domain, into it with replacements: <tenantCode>.<name>.<domain>", "host %q is not of the tenant alone", host)
		}
	}
}

// externalDNS begins the annotations by which DNS names are asked for.
const externalDNS = "external-dns.alpha.kubernetes.io/"

// names refuses DNS names that are not of the place.
func (o *object) names() {
	annotations := at(o.fields, "metadata", "annotations")
	for _, key := range slices.Sorted(maps.Keys(annotations)) {
		value, _ := annotations[key].(string)
		switch {
		case key == externalDNS+"hostname" || key == externalDNS+"internal-hostname":
			o.hosts(strings.Split(strings.ReplaceAll(value, " ", ""), ","))
		case strings.HasPrefix(key, externalDNS):
			o.refuse("remove it", "annotation %q leads a DNS name to others", key)
		}
	}
	if o.is("externaldns.k8s.io", "DNSEndpoint") {
		o.refuse("use the annotation "+externalDNS+"hostname", "DNS names are those of all tenants")
	}
}

// has reports whether a host is one of the place.
func (h Hosts) has(host string) bool {
	below, found := strings.CutSuffix(host, "."+h.Domain)
	return found && h.Domain != "" && slices.ContainsFunc(strings.Split(below, "."), func(label string) bool {
		return label != "" && slices.Contains(h.Names, label)
	})
}

// plainPlugins are the plugins of APISIX that neither run what they are given nor
// ask another server, sorted: the gateway reaches the pods of all tenants.
func plainPlugins() []string {
	return []string{
		"api-breaker", "basic-auth", "brotli", "client-control", "consumer-restriction", "cors", "csrf", "fault-injection", "gzip", "hmac-auth",
		"ip-restriction", "jwt-auth", "key-auth", "limit-conn", "limit-count", "limit-req", "prometheus", "proxy-buffering", "proxy-cache",
		"proxy-control", "proxy-rewrite", "real-ip", "redirect", "referer-restriction", "request-id", "request-validation", "response-rewrite",
		"ua-restriction", "uri-blocker", "workflow",
	}
}

// gateway refuses what the shared gateway would run or ask for the tenant, and
// what leads it out of the tenant's namespace.
func (o *object) gateway() {
	if o.group == apisix {
		each(o.fields, func(key string, value any) {
			switch {
			case key == "filter_func" || key == "filterFunc" || key == "script":
				o.refuse("match by exprs", "%s is code that the gateway of all tenants runs", key)
			case key == "externalNodes" || key == "discovery":
				o.refuse("name a Service of the version", "%s leads the gateway out of the tenant's namespace", key)
			case strings.HasPrefix(key, "redis_"):
				o.refuse("count in the gateway itself: policy local", "%s leads the gateway to another server", key)
			case key == "plugin_config_namespace" && value != o.place.Namespace:
				o.refuse("remove it", "plugin_config_namespace %v is another's", value)
			case key == "plugins":
				o.plugins(value)
			}
		})
	}
	if o.is(apisix, "ApisixTls", "ApisixUpstream") {
		for _, secret := range []map[string]any{at(o.fields, "spec", "secret"), at(o.fields, "spec", "client", "caSecret"), at(o.fields, "spec", "tlsSecret")} {
			if namespace := secret["namespace"]; secret != nil && namespace != nil && namespace != o.place.Namespace {
				o.refuse("write the parameter namespace into it with a replacement", "Secret %v is in namespace %v", secret["name"], namespace)
			}
		}
	}
	if o.is("", "Service") && at(o.fields, "spec")["type"] == "ExternalName" {
		o.refuse("let the pods ask the other server", "type ExternalName leads the gateway to where its pods are not")
	}
	if o.is("", "Endpoints") || o.is("discovery.k8s.io", "EndpointSlice") {
		o.refuse("select pods by the Service's selector", "addresses of a Service lead the gateway to any pod")
	}
	if o.is("networking.k8s.io", "Ingress") || o.is("extensions", "Ingress") {
		for _, key := range slices.Sorted(maps.Keys(at(o.fields, "metadata", "annotations"))) {
			domain, name, _ := strings.Cut(key, "/")
			if gatewayDomain(domain) && !slices.Contains(plainAnnotations(), name) {
				o.refuse("use the fields of the route, or one of "+strings.Join(plainAnnotations(), ", "),
					"annotation %q may be code in the gateway of all tenants, other hosts, or other namespaces", key)
			}
		}
	}
}

// gatewayDomain reports whether annotations of a domain are for a gateway.
func gatewayDomain(domain string) bool {
	return strings.Contains(domain, "ingress") || strings.Contains(domain, "apisix") || strings.HasPrefix(domain, "haproxy") || strings.HasPrefix(domain, "konghq")
}

// plainAnnotations are what an Ingress may tell its gateway, sorted: nothing that
// names another host, server, namespace or Secret, or that is run.
func plainAnnotations() []string {
	return []string{
		"affinity", "affinity-mode", "allowlist-source-range", "app-root", "backend-protocol", "blocklist-source-range", "client-body-buffer-size",
		"cors-allow-credentials", "cors-allow-headers", "cors-allow-methods", "cors-allow-origin", "cors-expose-headers", "cors-max-age",
		"enable-cors", "enable-websocket", "force-ssl-redirect", "http-to-https", "limit-connections", "limit-rps", "load-balance",
		"proxy-body-size", "proxy-buffer-size", "proxy-buffering", "proxy-connect-timeout", "proxy-read-timeout", "proxy-request-buffering",
		"proxy-send-timeout", "rewrite-target", "rewrite-target-regex", "rewrite-target-regex-template", "session-cookie-expires",
		"session-cookie-max-age", "session-cookie-name", "session-cookie-path", "session-cookie-samesite", "ssl-redirect",
		"upstream-scheme", "use-regex", "whitelist-source-range",
	}
}

// plugins refuses plugins of APISIX that are not plain: a list of them by name,
// or a mapping.
func (o *object) plugins(value any) {
	names := []any{}
	switch x := value.(type) {
	case []any:
		for _, item := range x {
			p, _ := item.(map[string]any)
			names = append(names, p["name"])
		}
	case map[string]any:
		for name := range x {
			names = append(names, name)
		}
	}
	for _, n := range names {
		if name, _ := n.(string); !slices.Contains(plainPlugins(), name) {
			o.refuse("use one of "+strings.Join(plainPlugins(), ", "), "plugin %v may run code in the gateway of all tenants, or ask others", n)
		}
	}
}

// routed reports whether traffic or borrows looks at objects of a kind.
func (o *object) routed() bool {
	return slices.Contains([]string{apisix, externalSecrets, certManager, monitoring, sealed, "keda.sh"}, o.group) || o.is("networking.k8s.io", "Ingress") || o.is("extensions", "Ingress") || o.is("", "Endpoints") || o.is("externaldns.k8s.io", "DNSEndpoint") || o.is("discovery.k8s.io", "EndpointSlice") ||
		o.is("gateway.networking.k8s.io", "HTTPRoute", "GRPCRoute", "TLSRoute", "TCPRoute", "UDPRoute", "Gateway")
}

// textsOf returns the text under a key, or the texts of a list there; what is no
// text is one that no place has.
func textsOf(m map[string]any, key string) []string {
	switch x := m[key].(type) {
	case nil:
		return nil
	case []any:
		return texts(m, key)
	case string:
		if x == "" {
			return nil
		}
		return []string{x}
	default:
		return []string{"?"}
	}
}
