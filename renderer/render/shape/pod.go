package shape

import (
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/gatorcloud/sluice/renderer/model/fault"
)

// pod checks what the API server would of pods.
func (c *checker) pod(p corev1.PodSpec) {
	if len(p.Containers) == 0 {
		c.refuse("write a container", "its pods have no containers")
	}
	volumes := map[string]bool{}
	for _, v := range p.Volumes {
		c.all("volume", v.Name, validation.IsDNS1123Label(v.Name))
		if volumes[v.Name] {
			c.refuse("give it another name", "volume %q is there twice", v.Name)
		}
		volumes[v.Name] = true
		c.volume(v)
	}
	names := map[string]bool{}
	for _, x := range containers(p) {
		c.all("container", x.Name, validation.IsDNS1123Label(x.Name))
		if names[x.Name] {
			c.refuse("give it another name", "container %q is there twice", x.Name)
		}
		names[x.Name] = true
		c.container(x)
	}
	for _, x := range p.InitContainers {
		c.passing(x)
	}
	c.placement(p)
	if n := p.TerminationGracePeriodSeconds; n != nil && *n < 0 {
		c.refuse("use 0 or more", "terminationGracePeriodSeconds %d is negative", *n)
	}
}

// passing refuses on an init container what only containers that stay may have.
func (c *checker) passing(x corev1.Container) {
	stays := x.RestartPolicy != nil && *x.RestartPolicy == corev1.ContainerRestartPolicyAlways
	if !stays && (x.ReadinessProbe != nil || x.LivenessProbe != nil || x.StartupProbe != nil || x.Lifecycle != nil) {
		c.refuse("remove it, or write restartPolicy: Always for a container that stays", "init container %q ends before the others begin, and has a probe or lifecycle", x.Name)
	}
}

func (c *checker) container(x corev1.Container) {
	place := fmt.Sprintf("container %q: ", x.Name)
	if !imageForm.MatchString(x.Image) {
		c.refuse("write registry/path:tag, the path in lower case", "%simage %q is no name of an image", place, x.Image)
	}
	ports := map[string]bool{}
	for _, p := range x.Ports {
		if ports[p.Name] {
			c.refuse("give it another name", "%sport %q is there twice", place, p.Name)
		}
		ports[p.Name] = p.Name != ""
		c.port(place+"containerPort", p.ContainerPort)
		c.oneOf(place+"protocol", string(p.Protocol), "", "TCP", "UDP", "SCTP")
		if p.Name != "" {
			c.all(place+"port", p.Name, validation.IsValidPortName(p.Name))
		}
	}
	for _, e := range x.Env {
		c.all(place+"environment variable", e.Name, validation.IsRelaxedEnvVarName(e.Name))
		if e.Value != "" && e.ValueFrom != nil {
			c.refuse("write one of them", "%senvironment variable %q has both value and valueFrom", place, e.Name)
		}
		if e.ValueFrom != nil {
			c.source(fmt.Sprintf("%senvironment variable %q: ", place, e.Name), e.ValueFrom)
		}
	}
	paths := map[string]bool{}
	for _, m := range x.VolumeMounts {
		if m.MountPath == "" || paths[m.MountPath] {
			c.refuse("give each mount a path of its own", "%smountPath %s is empty or there twice", place, fault.Clip(m.MountPath))
		}
		paths[m.MountPath] = true
		c.inside(place+"subPath", m.SubPath)
	}
	c.oneOf(place+"imagePullPolicy", string(x.ImagePullPolicy), "", "Always", "IfNotPresent", "Never")
	c.resources(place, x.Resources)
	for name, p := range map[string]*corev1.Probe{"readinessProbe": x.ReadinessProbe, "livenessProbe": x.LivenessProbe, "startupProbe": x.StartupProbe} {
		c.probe(place+name, p)
		if name != "readinessProbe" && p != nil && p.SuccessThreshold > 1 {
			c.refuse("remove it: one success is enough", "%s.successThreshold %d is more than 1", place+name, p.SuccessThreshold)
		}
	}
}

func (c *checker) resources(place string, r corev1.ResourceRequirements) {
	for _, name := range sortedNames(r.Requests, r.Limits) {
		request, limit := r.Requests[name], r.Limits[name]
		_, limited := r.Limits[name]
		switch {
		case !counted(name):
			c.refuse("use cpu, memory, ephemeral-storage, hugepages-<size>, or a name with a domain, as example.com/gpu", "%sresources: there is no resource %q", place, name)
		case request.Sign() < 0 || limit.Sign() < 0:
			c.refuse("use 0 or more", "%sresources: %s is negative", place, name)
		case limited && request.Cmp(limit) > 0:
			c.refuse("ask for no more than the limit", "%sresources: it requests %s of %s and is limited to %s", place, &request, name, &limit)
		}
	}
}

// counted reports whether Kubernetes knows a resource, or leaves it to others.
func counted(name corev1.ResourceName) bool {
	return slices.Contains([]corev1.ResourceName{corev1.ResourceCPU, corev1.ResourceMemory, corev1.ResourceEphemeralStorage}, name) ||
		strings.HasPrefix(string(name), corev1.ResourceHugePagesPrefix) || strings.Contains(string(name), "/")
}

func sortedNames(lists ...corev1.ResourceList) []corev1.ResourceName {
	var names []corev1.ResourceName
	for _, l := range lists {
		for name := range l {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// handled returns the port that a probe over HTTP or TCP asks, and the name of
// its handler; the name is empty for other probes.
func handled(p *corev1.Probe) (handler string, port intstr.IntOrString) {
	switch {
	case p == nil:
	case p.HTTPGet != nil:
		return "httpGet", p.HTTPGet.Port
	case p.TCPSocket != nil:
		return "tcpSocket", p.TCPSocket.Port
	}
	return "", port
}

func (c *checker) probe(path string, p *corev1.Probe) {
	if p == nil {
		return
	}
	handlers := 0
	for _, has := range []bool{p.HTTPGet != nil, p.TCPSocket != nil, p.GRPC != nil, p.Exec != nil} {
		if has {
			handlers++
		}
	}
	if handlers != 1 {
		c.refuse("write one of httpGet, tcpSocket, grpc, exec", "%s has %d handlers", path, handlers)
	}
	if p.GRPC != nil {
		c.port(path+".grpc.port", p.GRPC.Port)
	}
	if handler, port := handled(p); handler != "" && port.Type == intstr.Int {
		c.port(path+"."+handler+".port", port.IntVal)
	}
	for _, n := range []int32{p.InitialDelaySeconds, p.TimeoutSeconds, p.PeriodSeconds, p.SuccessThreshold, p.FailureThreshold} {
		if n < 0 {
			c.refuse("use 0 or more", "%s has the negative number %d", path, n)
		}
	}
}
