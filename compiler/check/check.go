// Package check finds what the definition language cannot say: what is wrong about a model as a whole.
//
//	findings := check.Run(gateway.Resolve())
//	findings.Locate(positions)
//
// It reads a resolved model ([schema.Gateway.Resolve]) and reports by model path; whether a model is wise is
// the policies' business, whether it can be served is this package's. A filter that several routes inherit is
// reported once, at the first of them. One check stands in each file; [Run] names them all. The cost grows
// with the number of routes, not with its square.
//
// The codes are stable:
//
//	api-empty               an API has no routes (warning)
//	api-key                 an API key has not exactly one of secret and sha256
//	api-key-shared          two consumers have the same API key
//	api-unserved            no listener serves an API
//	auth-empty              auth recognises nobody
//	auth-no-keys            auth asks for API keys and no consumer has one (warning)
//	canary-unsplit          a route with header or query matches and its default cannot share requests: one has them all
//	certificate-missing     a listener speaks TLS without a certificate
//	consumer-unknown        auth allows a consumer that does not exist (warning where a token may name it)
//	cors-empty              CORS allows no origin (warning)
//	cors-origin             an origin is written as no browser writes it
//	duration-order          a bound lies above the bound around it
//	endpoint-duplicate      two endpoints of an upstream are one address (warning)
//	endpoint-host           the host of an endpoint is neither a name nor an IP address
//	endpoint-missing        an upstream has no endpoints
//	group-unknown           auth allows a group that nobody is in (warning)
//	header-forbidden        a header is changed that belongs to the connection
//	header-repeated         one header is named twice in different case, or set and removed (warning)
//	header-unseen           a match or a filter asks for a header that no request has by then, or a match for the absence of one that all have (of one that none has: warning)
//	host-duplicate          a host is listed twice (warning)
//	host-unserved           no listener of an API takes a host of the API, or one takes none of them (then a warning)
//	jwks-empty              a key set holds no key
//	jwks-key                a key of a key set cannot be read (one that fits no algorithm: warning)
//	jwks-private-key        a key set holds private key material
//	jwks-source             a JWKS has not exactly one of url and inline
//	jwks-symmetric-key      a key set holds a shared secret
//	key-age                 issuers' keys are used for less long than the proxies allow
//	limit-order             a limit of a listener lies above one that it is part of (of an address's connections: warning)
//	list-empty              a list that narrows something is empty
//	listener-missing        APIs are defined and no listener is
//	listener-redirect       a listener redirects to a listener that redirects
//	listener-unknown        a listener is named that does not exist
//	path-match              a path match has not exactly one of exact, prefix and regex
//	port-shared             two listeners, or one and the admin server, have the same port
//	prefix-without-match    a prefix is replaced that no prefix match has matched
//	preflight-unanswered    nothing answers the CORS preflights of a route that asks for header fields (warning)
//	proxy-address           a trusted proxy is neither an IP address nor a CIDR range
//	rate-limit-anonymous    requests are counted by consumer where none is known (warning)
//	rate-limit-header       requests are counted by a header that is not named
//	redirect-loop           a redirect leads to where it stands
//	regex                   RE2 refuses an expression
//	regex-size              an expression is longer or larger than the bounds
//	replicas-order          more replicas are asked for than allowed
//	rewrite-ambiguous       both the prefix and the whole path are replaced
//	rewrite-unused          a route rewrites requests that it sends nowhere
//	route-action            a route has not exactly one of backends, redirect and respond
//	route-ambiguous         all paths of a route's expression read in two ways, and are answered with 400 (warning)
//	route-conflict          two routes take the same requests at the same precedence
//	route-outranked         a route that asks for more loses requests to one that lists methods (warning)
//	route-overlap           two routes take some of the same requests, and only their names decide (warning)
//	route-taken             a route takes requests of another owner's (warning; within its paths: info)
//	route-undecided         it was not found out within bounds whether a route shares requests (info)
//	route-unreachable       no request reaches a route, or none for some hosts (then a warning)
//	slo-unreachable         a latency objective lies above a route's timeout (warning)
//	staleness               a bound on how old the proxies' news may be is none
//	target-key              a public key that proxies are to trust cannot be read
//	target-trust            an entry of whom proxies are to trust cannot be used
//	unused-consumer         a consumer has API keys that no route asks for (info)
//	unused-upstream         no route sends requests to an upstream (warning)
//	upstream-unknown        a route sends requests to an upstream that does not exist
//	value-match             a value match has not exactly one of exact, regex and present
//	waiver-date             a waiver ends on a day that does not exist
//	weights-zero            all weights are zero
package check

import (
	"gwc.dev/compiler/diag"
	"gwc.dev/compiler/routing"
	"gwc.dev/compiler/space"
	"gwc.dev/schema"
)

// Run reports what is wrong with a resolved model. The findings have no positions yet; equal models have equal
// findings in equal order.
func Run(g *schema.Gateway) diag.List {
	p := &pass{
		Gateway: g, routes: routesOf(g),
		contentions: map[contentionKey]*contention{}, signatures: map[*schema.Route]string{},
		conflicts: map[routePair]bool{}, lost: map[string]bool{}, told: map[*routing.View]space.Assumption{},
	}
	all := space.New(0)
	all.Spend(workOf(g))
	p.table, _ = routing.Of(all, g) // what is wrong with the routes that it leaves out is reported by checkMatches
	p.entries, p.preflights = entriesOf(p.table), all.Preflights()
	for _, check := range []func(*pass){
		checkListeners,
		checkLimits,
		checkListenerRedirects,
		checkPorts,
		checkTrustedProxies,
		checkUpstreams,
		checkEndpointHosts,
		checkAPIKeys,
		checkServed,
		checkHosts,
		checkBackends,
		checkWeights,
		checkActions,
		checkRewrites,
		checkMatches,
		checkEmptyLists,
		checkRoutes,
		checkPreflights,
		checkAuth,
		checkAllow,
		checkJWKS,
		checkRateLimits,
		checkOrigins,
		checkHeaders,
		checkDurations,
		checkUnused,
		checkWaivers,
		checkReplicas,
		checkStaleness,
		checkKeyAge,
		checkTrust,
	} {
		check(p)
	}
	p.sayUnasked()
	return p.findings.Sorted()
}

// A pass is one run over one model.
type pass struct {
	*schema.Gateway
	routes   []route
	findings diag.List

	table       *routing.Table // of the routes whose matches are sound
	preflights  *space.Match
	told        map[*routing.View]space.Assumption // about clients
	entries     map[schema.Path][]*routing.Entry   // of the table, by route
	contentions map[contentionKey]*contention
	found       []*contention // in the order in which they were found
	signatures  map[*schema.Route]string
	conflicts   map[routePair]bool // of which it is said
	lost        map[string]bool    // the routes that no request reaches, as "api/route"
	undecided   int                // how many questions were
	unasked     int                // how many were not asked any more
}

func (p *pass) report(f diag.Finding) { p.findings = append(p.findings, f) }

// A route is a route with its place.
type route struct {
	schema.Route
	api, name string
}

// path returns the model path of names below the route.
func (r *route) path(names ...string) schema.Path {
	return schema.NewPath("apis", r.api, "routes", r.name).Join(names...)
}

// routesOf returns all routes by the names of their APIs and their own: the order in which they win where
// nothing else decides.
func routesOf(g *schema.Gateway) []route {
	var routes []route
	for api, a := range schema.Sorted(g.APIs) {
		for name, r := range schema.Sorted(a.Routes) {
			routes = append(routes, route{Route: r, api: api, name: name})
		}
	}
	return routes
}

// once remembers what has been looked at: filters that routes inherit are one value in a resolved model.
type once[K comparable] map[K]struct{}

// first reports whether k has not been seen before.
func (o once[K]) first(k K) bool {
	_, seen := o[k]
	o[k] = struct{}{}
	return !seen
}
