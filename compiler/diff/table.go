package diff

import (
	"strconv"
	"strings"
	"sync"

	"gwc.dev/schema"
)

// rule returns the rule of a pattern. A place that the table does not know, which a test excludes, is risky.
func (w *walker) rule(pattern string) rule {
	if r, ok := w.rules[pattern]; ok {
		return r
	}
	return always(Risky, "not classified")
}

// rules is the table, made once.
var rules = sync.OnceValue(table)

// table returns the classification: a rule for each pattern.
func table() map[string]rule {
	rules := map[string]rule{
		"environment": always(Risky, "the environment has another name"),

		"listeners.*":       listener,
		"listeners.*.port":  always(Breaking, "clients must connect to another port"),
		"listeners.*.hosts": members("host", Risky, Breaking, true),
		"listeners.*.tls": by(
			verdict{Breaking, "clients must speak TLS"},
			verdict{Breaking, "clients must speak plain HTTP, in the clear"}, verdict{}),
		"listeners.*.tls.certificates.*": by(
			verdict{Safe, "certificate added"},
			verdict{Risky, "certificate removed"},
			verdict{Risky, "another certificate"}),
		"listeners.*.tls.minVersion":            amount[string]("oldest TLS version", Breaking, Risky, false),
		"listeners.*.tls.clientCertificates":    clientCertificates,
		"listeners.*.tls.clientCertificates.ca": always(Breaking, "clients' certificates are verified by others"),
		"listeners.*.tls.clientCertificates.optional": flag(
			verdict{Risky, "clients need no certificate"}, verdict{Breaking, "clients must show a certificate"}),
		"listeners.*.tls.clientCertificates.forward": flag(
			verdict{Risky, "backends are told the client's certificate"},
			verdict{Risky, "backends are not told the client's certificate"}),
		"listeners.*.redirect": by(
			verdict{Breaking, "the listener no longer serves APIs"},
			verdict{Risky, "the listener serves APIs"}, verdict{}),
		"listeners.*.redirect.listener": always(Risky, "the redirect leads elsewhere"),
		"listeners.*.redirect.port":     always(Risky, "the redirect leads elsewhere"),
		"listeners.*.redirect.status":   always(Risky, "another status"),

		"listeners.*.limits.headerBytes":           amount[int]("headerBytes", Risky, Breaking, false),
		"listeners.*.limits.headerFields":          amount[int]("headerFields", Risky, Breaking, false),
		"listeners.*.limits.uriBytes":              amount[int]("uriBytes", Risky, Breaking, false),
		"listeners.*.limits.connections":           amount[int]("connections", Risky, Breaking, true),
		"listeners.*.limits.connectionsPerAddress": amount[int]("connectionsPerAddress", Risky, Breaking, true),
		"listeners.*.limits.streams":               amount[int]("streams", Risky, Risky, false),
		"listeners.*.limits.headerTimeout":         amount[schema.Duration]("headerTimeout", Risky, Breaking, false),
		"listeners.*.limits.bodyTimeout":           amount[schema.Duration]("bodyTimeout", Risky, Breaking, false),
		"listeners.*.limits.idleTimeout":           amount[schema.Duration]("idleTimeout", Risky, Risky, false),

		"trustedProxies": trustedProxies,

		"upstreams.*":                    upstream,
		"upstreams.*.endpoints.*":        by(verdict{Risky, "traffic goes to a new endpoint"}, verdict{Risky, "endpoint removed"}, verdict{}),
		"upstreams.*.endpoints.*.host":   always(Risky, "traffic goes to another endpoint"),
		"upstreams.*.endpoints.*.port":   always(Risky, "traffic goes to another endpoint"),
		"upstreams.*.endpoints.*.weight": use("endpoint"),
		"upstreams.*.connectTimeout":     amount[schema.Duration]("connectTimeout", Risky, Risky, true),
		"upstreams.*.protocol":           always(Risky, "endpoints are spoken to in another protocol"),
		"upstreams.*.tls": by(
			verdict{Risky, "endpoints must speak TLS"}, verdict{Risky, "requests travel in the clear"}, verdict{}),
		"upstreams.*.tls.serverName": always(Risky, "endpoints are verified by another name"),
		"upstreams.*.tls.ca":         always(Risky, "endpoints are verified by other certificates"),

		"consumers.*": by(
			verdict{Safe, "consumer added"}, verdict{Breaking, "the consumer is refused"}, verdict{}),
		"consumers.*.groups": members("group", Risky, Breaking, false),
		"consumers.*.apiKeys.*": by(
			verdict{Safe, "API key added"},
			verdict{Breaking, "the API key is refused"},
			verdict{Breaking, "the old API key is refused"}),

		"apis.*":                      api,
		"apis.*.owner":                note("owner"),
		"apis.*.description":          note("description"),
		"apis.*.version":              note("version"),
		"apis.*.hosts":                members("host", Risky, Breaking, true),
		"apis.*.listeners":            members("listener", Risky, Breaking, true),
		"apis.*.slo":                  note("objective"),
		"apis.*.slo.availability":     note("objective"),
		"apis.*.slo.latency":          note("objective"),
		"apis.*.slo.latency.quantile": note("objective"),
		"apis.*.slo.latency.below":    note("objective"),

		"waivers.*": by(
			verdict{Risky, "a finding is no longer reported"}, verdict{Safe, "waiver removed"}, verdict{}),
		"waivers.*.code":    always(Risky, "the waiver silences another finding"),
		"waivers.*.path":    always(Risky, "the waiver silences another finding"),
		"waivers.*.reason":  note("reason"),
		"waivers.*.expires": expires,
	}
	for _, part := range []map[string]rule{routeTable(), authTable(), filterTable(), exposureTable()} {
		for name, r := range part {
			rules[strings.TrimSuffix("apis.*.routes.*."+name, ".")] = r
		}
	}
	for name, r := range targetTable() {
		rules["targets."+name] = r
	}
	return rules
}

// listener is the rule of a listener that comes or goes.
func listener(e *edit) (Class, string) {
	switch l := e.new.(schema.Listener); {
	case e.kind == Removed:
		return Breaking, "listener removed"
	case l.TLS == nil && l.Redirect == nil:
		return Risky, "new listener without TLS"
	default:
		return Safe, "listener added"
	}
}

// clientCertificates is the rule of asking clients for certificates, or no longer.
func clientCertificates(e *edit) (Class, string) {
	switch asked := e.new.(*schema.ClientCertificates); {
	case asked == nil:
		return Risky, "clients need no certificate"
	case asked.Optional:
		return Risky, "clients may show a certificate, and a valid one"
	default:
		return Breaking, "clients must show a certificate"
	}
}

// trustedProxies is the rule of whose word about the client's address is taken.
func trustedProxies(e *edit) (Class, string) {
	if more := without(e.new.([]string), e.old.([]string)); len(more) > 0 {
		return Risky, listed("trusted proxy", more) + " added"
	}
	return Risky, "client addresses are no longer taken from " + listed("proxy", without(e.old.([]string), e.new.([]string)))
}

// upstream is the rule of an upstream that comes or goes.
func upstream(e *edit) (Class, string) {
	if e.kind == Added {
		return Safe, "upstream added"
	}
	for _, api := range e.before.APIs {
		for _, r := range api.Routes {
			if _, ok := r.Backends[e.names[0]]; ok {
				return Breaking, "upstream in use removed"
			}
		}
	}
	return Safe, "unused upstream removed"
}

// expires is the rule of a waiver's last day.
func expires(e *edit) (Class, string) {
	if e.new.(string) > e.old.(string) {
		return Risky, "waiver prolonged"
	}
	return Safe, "waiver shortened"
}

// api is the rule of an API that comes or goes.
func api(e *edit) (Class, string) {
	if e.kind == Removed {
		return Breaking, "API removed"
	}
	for name, r := range schema.Sorted(e.new.(schema.API).Routes) {
		if r.Auth == nil {
			return Risky, "new route without auth: " + strconv.Quote(name)
		}
	}
	return Safe, "API added"
}
