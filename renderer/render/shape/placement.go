package shape

import (
	"fmt"
	"net/netip"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
)

// placement checks where pods may run and how they find each other.
func (c *checker) placement(p corev1.PodSpec) {
	for _, t := range p.Tolerations {
		c.oneOf("tolerations: effect", string(t.Effect), "", "NoSchedule", "PreferNoSchedule", "NoExecute")
		c.oneOf("tolerations: operator", string(t.Operator), "", "Exists", "Equal")
	}
	for i, s := range p.TopologySpreadConstraints {
		path := fmt.Sprintf("topologySpreadConstraints[%d]", i)
		if s.MaxSkew < 1 {
			c.refuse("use 1 or more", "%s.maxSkew %d is none", path, s.MaxSkew)
		}
		c.topology(path, s.TopologyKey)
		c.oneOf(path+".whenUnsatisfiable", string(s.WhenUnsatisfiable), "DoNotSchedule", "ScheduleAnyway")
	}
	if a := p.Affinity; a != nil && a.PodAffinity != nil {
		c.near("affinity.podAffinity", a.PodAffinity.RequiredDuringSchedulingIgnoredDuringExecution, a.PodAffinity.PreferredDuringSchedulingIgnoredDuringExecution)
	}
	if a := p.Affinity; a != nil && a.PodAntiAffinity != nil {
		c.near("affinity.podAntiAffinity", a.PodAntiAffinity.RequiredDuringSchedulingIgnoredDuringExecution, a.PodAntiAffinity.PreferredDuringSchedulingIgnoredDuringExecution)
	}
	for _, h := range p.HostAliases {
		if _, err := netip.ParseAddr(h.IP); err != nil {
			c.refuse("write an IPv4 or IPv6 address", "hostAliases: ip %q is no address", h.IP)
		}
	}
	c.oneOf("dnsPolicy", string(p.DNSPolicy), "", "ClusterFirst", "ClusterFirstWithHostNet", "Default", "None")
	if p.DNSPolicy == corev1.DNSNone && (p.DNSConfig == nil || len(p.DNSConfig.Nameservers) == 0) {
		c.refuse("write dnsConfig.nameservers, or remove dnsPolicy", "dnsPolicy is None, and there are no name servers")
	}
}

// near checks what pods are put beside, or apart from.
func (c *checker) near(path string, required []corev1.PodAffinityTerm, preferred []corev1.WeightedPodAffinityTerm) {
	for _, t := range required {
		c.topology(path, t.TopologyKey)
	}
	for _, t := range preferred {
		c.topology(path, t.PodAffinityTerm.TopologyKey)
		if t.Weight < 1 || t.Weight > 100 {
			c.refuse("use 1 to 100", "%s: weight %d is out of range", path, t.Weight)
		}
	}
}

func (c *checker) topology(path, key string) {
	if key == "" {
		c.refuse("write topologyKey: kubernetes.io/hostname, or another label of nodes", "%s has no topologyKey", path)
	}
}

// policy checks the networks of a NetworkPolicy.
func (c *checker) policy(s networkingv1.NetworkPolicySpec) {
	var peers []networkingv1.NetworkPolicyPeer
	for _, r := range s.Ingress {
		peers = append(peers, r.From...)
	}
	for _, r := range s.Egress {
		peers = append(peers, r.To...)
	}
	for _, p := range peers {
		if p.IPBlock != nil {
			c.network(*p.IPBlock)
		}
	}
}

func (c *checker) network(b networkingv1.IPBlock) {
	whole, err := netip.ParsePrefix(b.CIDR)
	if err != nil {
		c.refuse("write an address and a length, as 10.0.0.0/8", "ipBlock: cidr %q is no network", b.CIDR)
		return
	}
	for _, x := range b.Except {
		part, err := netip.ParsePrefix(x)
		if err != nil || !whole.Contains(part.Addr()) || part.Bits() <= whole.Bits() {
			c.refuse("write a network inside of cidr", "ipBlock: except %q is no part of %s", x, b.CIDR)
		}
	}
}
