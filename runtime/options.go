package runtime

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/netip"
	"strings"
	"time"

	"gwc.dev/runtime/jwks"
	"gwc.dev/runtime/source"
	"gwc.dev/schema/bundle"
)

// Options are a server's settings. Source (or Bundles) and Keys or TrustFiles (or InsecureSkipVerify) are needed; the zero
// value of everything else works.
type Options struct {
	// Source is where bundles come from: file:PATH, https://URL, oci://REFERENCE or flux:FILE. PlainHTTP allows an
	// unencrypted one that is not on this machine; PollInterval is how often a remote one is looked at.
	Source       string
	PlainHTTP    bool
	PollInterval time.Duration
	// SourceCA is a file in PEM with authorities that a web server or registry may have beside those that the system
	// trusts; LongPoll is how long a web server is asked to hold a look until there is something new. 0: not at all.
	SourceCA string
	LongPoll time.Duration
	// Registry says how an OCI registry is reached.
	Registry source.Registry
	// Bundles is a source that stands in for Source.
	Bundles source.Source

	// Keys and TrustFiles say whose bundles are taken. The files, which package trust reads, are read again when they
	// change. InsecureSkipVerify takes any bundle instead.
	Keys               []bundle.PublicKey
	TrustFiles         []string
	InsecureSkipVerify bool
	// Environment is the only one whose bundles are taken. Empty: any.
	Environment string

	// Isolate leaves an API out of a bundle that cannot be built, say for a secret that is missing, and serves the
	// others; its requests are answered with 503 until it can be. Without it such a bundle is refused.
	Isolate bool

	// SecretsDir is where secrets are mounted, as <dir>/<name>/<key>.
	SecretsDir string
	// StateDir keeps the last good bundle and key sets across restarts. Empty: it is kept in memory only.
	StateDir string
	// JWKSMaxAge is how long the keys of an issuer are used that could not be fetched again. 0: [jwks.DefaultMaxAge].
	JWKSMaxAge time.Duration

	// MaxStaleness is how long ago the source may have had what is served before that counts as stale. It is served all
	// the same; UnreadyWhenStale withdraws readiness meanwhile. 0: nothing is ever stale.
	MaxStaleness     time.Duration
	UnreadyWhenStale bool

	// AdminAddr is the address of health, status and metrics. Empty: none is served.
	AdminAddr string
	// Listen gives listeners, by name, another address than their port on all interfaces.
	Listen map[string]string
	// Upstream returns the host:port to use in place of an endpoint's own; "" keeps it.
	Upstream func(upstream, endpoint string) string

	// RevealRoute names the route that took a request in its answer, as "Gwproxy-Route: api/route": for tests.
	RevealRoute bool

	// Logger takes what operators should know. Nil: nothing is logged.
	Logger *slog.Logger
	// AccessLog takes one line of JSON a request. Nil: none.
	AccessLog io.Writer
	// Version is shown in the status.
	Version string

	// DrainDelay is how long connections are still taken once readiness has been withdrawn, so that load
	// balancers notice first; DrainTimeout is how long requests under way may then last. 0: 20 s.
	DrainDelay   time.Duration
	DrainTimeout time.Duration
	// Recheck is how often trust files are looked at for changes, and secrets for those that no event has told of, and
	// a bundle is tried again that was refused for a reason outside it (a port in use, a secret that is missing). 0: 5 s.
	Recheck time.Duration

	// Clock is the time. Nil: time.Now.
	Clock func() time.Time
	// Rand is the source of request ids, jitter and balancing. Nil: the standard library's.
	Rand func() uint64
}

const (
	defaultDrainTimeout = 20 * time.Second
	defaultRecheck      = 5 * time.Second
)

// filled returns o with its defaults, or what is wrong with it.
func (o Options) filled() (Options, error) {
	if len(o.Keys) == 0 && len(o.TrustFiles) == 0 && !o.InsecureSkipVerify {
		return o, errors.New("no public key to verify bundles with")
	}
	if o.Source == "" && o.Bundles == nil {
		return o, errors.New("no bundle source")
	}
	for name, address := range o.Listen {
		if err := checkAddress(address); err != nil {
			return o, fmt.Errorf("address of listener %q: %w", name, err)
		}
	}
	if o.AdminAddr != "" {
		if err := checkAddress(o.AdminAddr); err != nil {
			return o, fmt.Errorf("admin address: %w", err)
		}
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Clock == nil {
		o.Clock = time.Now
	}
	if o.Rand == nil {
		o.Rand = rand.Uint64
	}
	if o.JWKSMaxAge != 0 && o.JWKSMaxAge < jwks.MinMaxAge {
		return o, fmt.Errorf("the age to which key sets are used is below %v", jwks.MinMaxAge)
	}
	if o.DrainTimeout <= 0 {
		o.DrainTimeout = defaultDrainTimeout
	}
	if o.Recheck <= 0 {
		o.Recheck = defaultRecheck
	}
	return o, nil
}

// checkAddress takes "host:port" with an IP address, a name or nothing for the host.
func checkAddress(address string) error {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return fmt.Errorf("%q is not host:port", address)
	}
	if _, err := net.LookupPort("tcp", port); err != nil || port == "" {
		return fmt.Errorf("%q has no valid port", address)
	}
	if strings.ContainsRune(host, ':') {
		if _, err := netip.ParseAddr(host); err != nil {
			return fmt.Errorf("%q has no valid host", address)
		}
	}
	return nil
}
