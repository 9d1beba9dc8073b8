// Package schema is the contract between gwc's layers: the model of one environment as plain data.
//
// The definitions that people write against stand in v1/*.cue; the types here are their Go form, and a
// test holds the two together in both directions. The compiler decodes an evaluated environment into a
// [Gateway], [Gateway.Resolve] fills in what is inherited, and from then on everything (checks, policies,
// diffs, renderers, the runtime) reads that one model. It holds no positions and no secrets: the compiler
// keeps positions in a side table under the same [Path]s, and a secret stands here as a reference.
//
// The package depends on the standard library alone.
package schema

// A Gateway is one environment.
type Gateway struct {
	Environment    string              `json:"environment"`
	Listeners      map[string]Listener `json:"listeners,omitempty"`
	TrustedProxies []string            `json:"trustedProxies,omitempty"`
	Upstreams      map[string]Upstream `json:"upstreams,omitempty"`
	Consumers      map[string]Consumer `json:"consumers,omitempty"`
	Filters
	APIs    map[string]API    `json:"apis,omitempty"`
	Waivers map[string]Waiver `json:"waivers,omitempty"`
	Tests   map[string]Test   `json:"tests,omitempty"`
	Targets *Targets          `json:"targets,omitempty"`
}

// A Listener is an address that clients connect to.
type Listener struct {
	Port     int               `json:"port"`
	Hosts    []string          `json:"hosts,omitempty"`
	TLS      *ListenerTLS      `json:"tls,omitempty"`
	Redirect *ListenerRedirect `json:"redirect,omitempty"`
	Limits   *ListenerLimits   `json:"limits,omitempty"`
}

// ListenerLimits bound what one client can take of a listener. In a connections bound 0 is none.
type ListenerLimits struct {
	HeaderBytes           int      `json:"headerBytes,omitempty"`
	HeaderFields          int      `json:"headerFields,omitempty"`
	URIBytes              int      `json:"uriBytes,omitempty"`
	Connections           int      `json:"connections,omitempty"`
	ConnectionsPerAddress int      `json:"connectionsPerAddress,omitempty"`
	Streams               int      `json:"streams,omitempty"`
	HeaderTimeout         Duration `json:"headerTimeout,omitempty"`
	BodyTimeout           Duration `json:"bodyTimeout,omitempty"`
	IdleTimeout           Duration `json:"idleTimeout,omitempty"`
}

// ListenerTLS makes a listener speak TLS.
type ListenerTLS struct {
	Certificates map[string]Certificate `json:"certificates,omitempty"`
	MinVersion   string                 `json:"minVersion,omitempty"`

	ClientCertificates *ClientCertificates `json:"clientCertificates,omitempty"`
}

// ClientCertificates says what is asked of clients' certificates.
type ClientCertificates struct {
	CA       string `json:"ca"`
	Optional bool   `json:"optional,omitempty"`
	Forward  bool   `json:"forward,omitempty"`
}

// A Certificate refers to a certificate and its key.
type Certificate struct {
	Secret string `json:"secret"`
}

// ListenerRedirect sends every request of a listener to another one.
type ListenerRedirect struct {
	Listener string `json:"listener"`
	Port     int    `json:"port,omitempty"`
	Status   int    `json:"status,omitempty"`
}

// An Upstream is a named group of endpoints.
type Upstream struct {
	Endpoints      map[string]Endpoint `json:"endpoints"`
	ConnectTimeout Duration            `json:"connectTimeout,omitempty"`
	TLS            *UpstreamTLS        `json:"tls,omitempty"`
	Protocol       string              `json:"protocol,omitempty"`
}

// An Endpoint is one address of an upstream.
type Endpoint struct {
	Host   string `json:"host"`
	Port   int    `json:"port"`
	Weight int    `json:"weight"`
}

// UpstreamTLS makes the proxy speak TLS to an upstream.
type UpstreamTLS struct {
	ServerName string `json:"serverName,omitempty"`
	CA         string `json:"ca,omitempty"`
}

// A Consumer is a known caller.
type Consumer struct {
	Groups  []string          `json:"groups,omitempty"`
	APIKeys map[string]APIKey `json:"apiKeys,omitempty"`
}

// An APIKey refers to a consumer's key by secret or by digest.
type APIKey struct {
	Secret string `json:"secret,omitempty"`
	SHA256 string `json:"sha256,omitempty"`
}

// An API is a named group of routes with one owner.
type API struct {
	Owner       string   `json:"owner,omitempty"`
	Description string   `json:"description,omitempty"`
	Version     string   `json:"version,omitempty"`
	Hosts       []string `json:"hosts,omitempty"`
	Listeners   []string `json:"listeners,omitempty"`
	SLO         *SLO     `json:"slo,omitempty"`
	Filters
	Routes map[string]Route `json:"routes,omitempty"`
}

// An SLO is a service level objective over 30 days.
type SLO struct {
	Availability float64     `json:"availability,omitempty"`
	Latency      *SLOLatency `json:"latency,omitempty"`
}

// SLOLatency promises that a share of the requests is answered within a bound.
type SLOLatency struct {
	Quantile float64  `json:"quantile"`
	Below    Duration `json:"below"`
}

// A Route is a match, where a matching request goes, and its filters.
type Route struct {
	Description string             `json:"description,omitempty"`
	Match       *Match             `json:"match,omitempty"`
	Backends    map[string]Backend `json:"backends,omitempty"`
	Rewrite     *Rewrite           `json:"rewrite,omitempty"`
	Redirect    *Redirect          `json:"redirect,omitempty"`
	Respond     *Respond           `json:"respond,omitempty"`
	Filters
}

// A Match says which requests a route takes: those for which everything that is set holds.
type Match struct {
	Path    *PathMatch            `json:"path,omitempty"`
	Methods []string              `json:"methods,omitempty"`
	Headers map[string]ValueMatch `json:"headers,omitempty"`
	Query   map[string]ValueMatch `json:"query,omitempty"`
}

// A PathMatch has exactly one of its fields set.
type PathMatch struct {
	Exact  string `json:"exact,omitempty"`
	Prefix string `json:"prefix,omitempty"`
	Regex  string `json:"regex,omitempty"`
}

// A ValueMatch has exactly one of its fields set.
type ValueMatch struct {
	Exact   *string `json:"exact,omitempty"`
	Regex   string  `json:"regex,omitempty"`
	Present *bool   `json:"present,omitempty"`
}

// A Backend is an upstream's share of a route's requests.
type Backend struct {
	Weight int `json:"weight"`
}

// A Rewrite changes what the backend sees.
type Rewrite struct {
	Prefix string `json:"prefix,omitempty"`
	Full   string `json:"full,omitempty"`
	Host   string `json:"host,omitempty"`
}

// A Redirect answers with a Location.
type Redirect struct {
	Scheme string        `json:"scheme,omitempty"`
	Host   string        `json:"host,omitempty"`
	Port   int           `json:"port,omitempty"`
	Path   *RedirectPath `json:"path,omitempty"`
	Status int           `json:"status,omitempty"`
}

// A RedirectPath has at most one of its fields set.
type RedirectPath struct {
	Prefix string `json:"prefix,omitempty"`
	Full   string `json:"full,omitempty"`
}

// Respond is a fixed response.
type Respond struct {
	Status  int               `json:"status,omitempty"`
	Headers map[string]string `json:"headers,omitempty"`
	Body    string            `json:"body,omitempty"`
}

// A Waiver silences one policy's finding at one place until a day.
type Waiver struct {
	Code    string `json:"code"`
	Path    string `json:"path"`
	Reason  string `json:"reason"`
	Expires string `json:"expires"`
}
