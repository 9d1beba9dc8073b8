package schema

import "time"

// Targets are the settings of the rendered outputs.
type Targets struct {
	Kube       *Kube       `json:"kube,omitempty"`
	Prometheus *Prometheus `json:"prometheus,omitempty"`
	Flux       *Flux       `json:"flux,omitempty"`
}

// Kube is how the gateway runs in Kubernetes.
type Kube struct {
	Namespace        string            `json:"namespace"`
	Name             string            `json:"name"`
	Image            string            `json:"image"`
	Repository       string            `json:"repository,omitempty"`
	Keys             map[string]string `json:"keys,omitempty"`
	Trust            *Trust            `json:"trust,omitempty"`
	PullSecret       string            `json:"pullSecret,omitempty"`
	Registry         *KubeRegistry     `json:"registry,omitempty"`
	PollInterval     Duration          `json:"pollInterval,omitempty"`
	MaxStaleness     Duration          `json:"maxStaleness,omitempty"`
	UnreadyWhenStale bool              `json:"unreadyWhenStale,omitempty"`
	Isolate          bool              `json:"isolate,omitempty"`
	JWKSMaxAge       Duration          `json:"jwksMaxAge,omitempty"`
	Replicas         Replicas          `json:"replicas"`
	TargetCPU        int               `json:"targetCPU"`
	Resources        Resources         `json:"resources"`
	Service          Service           `json:"service"`
	AdminPort        int               `json:"adminPort"`
}

// KubeRegistry is how the proxies reach the registry that bundles are in.
type KubeRegistry struct {
	Audience string             `json:"audience,omitempty"`
	CASecret string             `json:"caSecret,omitempty"`
	Mirrors  map[string]Ordered `json:"mirrors,omitempty"`
}

// PollInterval is how often proxies look at the registry, unless they are told otherwise.
const PollInterval = 30 * time.Second

// LeastKeyAge is the least time for which an issuer's keys are used that cannot be fetched again: they are fetched at least four
// times in it.
const LeastKeyAge = 5 * time.Minute

// An Ordered list is another one if its members are in another order.
type Ordered []string

// Trust is whom the proxies take bundles of, beside plain keys: a trust document whose entries have names.
type Trust struct {
	Keys            map[string]TrustedKey      `json:"keys,omitempty"`
	Identities      map[string]TrustedIdentity `json:"identities,omitempty"`
	Authorities     map[string]string          `json:"authorities,omitempty"`
	TimeAuthorities map[string]string          `json:"timeAuthorities,omitempty"`
	ConfigMap       string                     `json:"configMap,omitempty"`
}

// A TrustedKey is a public key in PEM, and the day or time at which trust in it ends.
type TrustedKey struct {
	PEM     string `json:"pem"`
	Expires string `json:"expires,omitempty"`
}

// A TrustedIdentity is somebody whom certificates speak of.
type TrustedIdentity struct {
	Issuer         string `json:"issuer,omitempty"`
	IssuerPattern  string `json:"issuerPattern,omitempty"`
	Subject        string `json:"subject,omitempty"`
	SubjectPattern string `json:"subjectPattern,omitempty"`
	Expires        string `json:"expires,omitempty"`
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
	// CertificateNotice is 0 where nothing is said of it, so that proxies which do not know it take the bundle.
	CertificateNotice Duration `json:"certificateNotice,omitempty"`
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
