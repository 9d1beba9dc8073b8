package kube

import (
	"fmt"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"gwc.dev/compiler/render/manifest"
	"gwc.dev/schema"
)

const (
	// drainDelay is how long a proxy that is told to end still takes connections, because load balancers learn
	// of its end no sooner; drainTimeout is how long requests under way may then last.
	drainDelay   = 5 * time.Second
	drainTimeout = 20 * time.Second
	// gracePeriod, after which a pod is killed, is longer than both together.
	gracePeriod = drainDelay + drainTimeout + 10*time.Second
)

func podSpec(in manifest.Input, bundle manifest.Ref, trusted string) corev1.PodSpec {
	k := in.Gateway.Targets.Kube
	spec := corev1.PodSpec{
		ServiceAccountName:            k.Name,
		AutomountServiceAccountToken:  new(false),
		EnableServiceLinks:            new(false),
		TerminationGracePeriodSeconds: new(int64(gracePeriod.Seconds())),
		SecurityContext: &corev1.PodSecurityContext{
			RunAsNonRoot:        new(true),
			RunAsUser:           new(int64(65532)),
			RunAsGroup:          new(int64(65532)),
			FSGroup:             new(int64(65532)),
			FSGroupChangePolicy: new(corev1.FSGroupChangeOnRootMismatch),
			SeccompProfile:      &corev1.SeccompProfile{Type: corev1.SeccompProfileTypeRuntimeDefault},
			Sysctls:             lowPorts(in.Gateway),
		},
		TopologySpreadConstraints: []corev1.TopologySpreadConstraint{
			spread(in, "topology.kubernetes.io/zone"),
			spread(in, "kubernetes.io/hostname"),
		},
		Containers: []corev1.Container{container(in, bundle, trusted)},
		Volumes:    volumes(in),
	}
	if k.PullSecret != "" {
		spec.ImagePullSecrets = []corev1.LocalObjectReference{{Name: k.PullSecret}}
	}
	return spec
}

// lowPorts lets gwproxy listen below port 1024 without a capability, where a listener asks for that.
func lowPorts(g *schema.Gateway) []corev1.Sysctl {
	for _, l := range g.Listeners {
		if l.Port < 1024 {
			return []corev1.Sysctl{{Name: "net.ipv4.ip_unprivileged_port_start", Value: "0"}}
		}
	}
	return nil
}

// spread asks for proxies of one rollout in different places, and does not insist.
func spread(in manifest.Input, topology string) corev1.TopologySpreadConstraint {
	return corev1.TopologySpreadConstraint{
		MaxSkew:           1,
		TopologyKey:       topology,
		WhenUnsatisfiable: corev1.ScheduleAnyway,
		LabelSelector:     &metav1.LabelSelector{MatchLabels: in.Selector(manifest.Proxy)},
		MatchLabelKeys:    []string{"pod-template-hash"},
	}
}

func container(in manifest.Input, bundle manifest.Ref, trusted string) corev1.Container {
	k := in.Gateway.Targets.Kube
	c := corev1.Container{
		Name:  "gwproxy",
		Image: k.Image,
		Args: []string{
			bundle.SourceArg(),
			trustArgument(in, trusted),
			"--environment=" + argument(in.Gateway.Environment),
			"--secrets-dir=" + secretsDir,
			"--state-dir=" + stateDir,
			// Every address of the pod, of either family.
			fmt.Sprintf("--admin=:%d", k.AdminPort),
			"--drain-delay=" + drainDelay.String(),
			"--drain-timeout=" + drainTimeout.String(),
		},
		Env: append([]corev1.EnvVar{{
			Name: "GOMEMLIMIT",
			ValueFrom: &corev1.EnvVarSource{
				ResourceFieldRef: &corev1.ResourceFieldSelector{Resource: "limits.memory"},
			},
		}}, secretVariables(in.Gateway)...),
		Resources:     resources(k.Resources),
		StartupProbe:  probe("/healthz", 1, 30),
		LivenessProbe: probe("/healthz", 10, 3),
		// A proxy without a bundle is alive and not ready.
		ReadinessProbe: probe("/readyz", 5, 2),
		SecurityContext: &corev1.SecurityContext{
			AllowPrivilegeEscalation: new(false),
			ReadOnlyRootFilesystem:   new(true),
			RunAsNonRoot:             new(true),
			Capabilities:             &corev1.Capabilities{Drop: []corev1.Capability{"ALL"}},
		},
		VolumeMounts: mounts(in),
	}
	for _, p := range ports(in.Gateway) {
		c.Ports = append(c.Ports, corev1.ContainerPort{Name: p.name, ContainerPort: p.number, Protocol: corev1.ProtocolTCP})
	}
	c.Ports = append(c.Ports, corev1.ContainerPort{
		Name: manifest.AdminPort, ContainerPort: int32(k.AdminPort), Protocol: corev1.ProtocolTCP,
	})
	for _, f := range registryFiles(in) {
		if f.argument != "" {
			c.Args = append(c.Args, f.argument)
		}
		c.Env = append(c.Env, f.variable...)
	}
	c.Args = append(c.Args, mirrorArguments(in)...)
	c.Args = append(c.Args, servingArguments(k)...)
	return c
}

// servingArguments tell gwproxy what to do about a bundle that is old, or cannot be built as a whole.
func servingArguments(k *schema.Kube) []string {
	var args []string
	if k.PollInterval > 0 {
		args = append(args, "--poll-interval="+k.PollInterval.String())
	}
	if k.MaxStaleness > 0 {
		args = append(args, "--max-staleness="+k.MaxStaleness.String())
	}
	if k.UnreadyWhenStale {
		args = append(args, "--unready-when-stale")
	}
	if k.Isolate {
		args = append(args, "--isolate")
	}
	if k.JWKSMaxAge > 0 {
		args = append(args, "--jwks-max-age="+k.JWKSMaxAge.String())
	}
	return args
}

// argument writes s so that Kubernetes, which expands $(NAME) in arguments, leaves it as it is.
func argument(s string) string { return strings.ReplaceAll(s, "$", "$$") }

func probe(path string, period, failures int32) *corev1.Probe {
	return &corev1.Probe{
		ProbeHandler:     corev1.ProbeHandler{HTTPGet: &corev1.HTTPGetAction{Path: path, Port: intstr.FromString(manifest.AdminPort)}},
		PeriodSeconds:    period,
		TimeoutSeconds:   2,
		FailureThreshold: failures,
	}
}

// resources takes quantities that [check] has read.
func resources(r schema.Resources) corev1.ResourceRequirements {
	return corev1.ResourceRequirements{Requests: resourceList(r.Requests), Limits: resourceList(r.Limits)}
}

func resourceList(r schema.ResourceList) corev1.ResourceList {
	out := corev1.ResourceList{}
	for name, text := range map[corev1.ResourceName]string{corev1.ResourceCPU: r.CPU, corev1.ResourceMemory: r.Memory} {
		if q, err := quantity(text); err == nil && !q.IsZero() {
			out[name] = q
		}
	}
	return out
}
