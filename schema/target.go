package schema

// Targets are the settings of the rendered outputs.
type Targets struct {
	Kube       *Kube       `json:"kube,omitempty"`
	Prometheus *Prometheus `json:"prometheus,omitempty"`
	Flux       *Flux       `json:"flux,omitempty"`
}

// Kube is how the gateway runs in Kubernetes.
type Kube struct {
	Namespace  string            `json:"namespace"`
	Name       string            `json:"name"`
	Image      string            `json:"image"`
	Repository string            `json:"repository,omitempty"`
	Keys       map[string]string `json:"keys,omitempty"`
	PullSecret string            `json:"pullSecret,omitempty"`
	Registry   *KubeRegistry     `json:"registry,omitempty"`
	Replicas   Replicas          `json:"replicas"`
	TargetCPU  int               `json:"targetCPU"`
	Resources  Resources         `json:"resources"`
	Service    Service           `json:"service"`
	AdminPort  int               `json:"adminPort"`
}

// KubeRegistry is how the proxies reach the registry that bundles are in.
type KubeRegistry struct {
	Audience string `json:"audience,omitempty"`
	CASecret string `json:"caSecret,omitempty"`
}

// Replicas bounds the autoscaler.
type Replicas struct {
	Min int `json:"min"`
	Max int `json:"max"`
}

// Resources are the container's, as Kubernetes quantities.
type Resources struct {
	Requests ResourceList `json:"requests"`
	Limits   ResourceList `json:"limits"`
}

// A ResourceList holds Kubernetes quantities.
type ResourceList struct {
	CPU    string `json:"cpu,omitempty"`
	Memory string `json:"memory,omitempty"`
}

// A Service is how clients reach the proxies.
type Service struct {
	Type        string            `json:"type"`
	Ports       map[string]int    `json:"ports,omitempty"`
	Annotations map[string]string `json:"annotations,omitempty"`
}

// Prometheus is how the gateway is watched.
type Prometheus struct {
	Namespace  string            `json:"namespace"`
	Labels     map[string]string `json:"labels,omitempty"`
	Interval   Duration          `json:"interval"`
	StaleAfter Duration          `json:"staleAfter"`
}

// Flux is how the rendered manifests reach the cluster.
type Flux struct {
	Namespace    string   `json:"namespace"`
	Interval     Duration `json:"interval"`
	DependsOn    []string `json:"dependsOn,omitempty"`
	VerifySecret string   `json:"verifySecret"`
	PullSecret   string   `json:"pullSecret,omitempty"`
	CertSecret   string   `json:"certSecret,omitempty"`
}
