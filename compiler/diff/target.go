package diff

import (
	"slices"
	"time"

	"gwc.dev/schema"
)

// targetTable returns the rules of how the gateway runs and is delivered, by pattern below "targets". Of the gateway's clients
// only those notice who reach it at another place; the rest is risky where proxies trust, read or survive something else than
// before, and where less is noticed.
func targetTable() map[string]rule {
	trust := always(Risky, "proxies trust others")
	login := always(Risky, "the registry is asked with other credentials")
	pods := always(Risky, "pods have other resources")
	return map[string]rule{
		"kube.namespace":  always(Breaking, "the gateway moves to another namespace"),
		"kube.name":       always(Breaking, "the gateway's Service has another name"),
		"kube.image":      always(Risky, "another gwproxy"),
		"kube.repository": always(Risky, "bundles come from elsewhere"),

		"kube.keys.*":                            trust,
		"kube.trust":                             trust,
		"kube.trust.configMap":                   trust,
		"kube.trust.keys.*":                      trust,
		"kube.trust.keys.*.pem":                  trust,
		"kube.trust.keys.*.expires":              trustEnds,
		"kube.trust.identities.*":                trust,
		"kube.trust.identities.*.expires":        trustEnds,
		"kube.trust.authorities.*":               trust,
		"kube.trust.timeAuthorities.*":           trust,
		"kube.trust.identities.*.issuer":         trust,
		"kube.trust.identities.*.issuerPattern":  trust,
		"kube.trust.identities.*.subject":        trust,
		"kube.trust.identities.*.subjectPattern": trust,

		"kube.pullSecret":         login,
		"kube.registry":           always(Risky, "the registry is reached in another way"),
		"kube.registry.audience":  login,
		"kube.registry.caSecret":  always(Risky, "the registry is verified by other certificates"),
		"kube.registry.mirrors.*": by(verdict{Risky, "a mirror is asked first"}, verdict{Safe, "no mirror is asked"}, verdict{Risky, "other mirrors are asked first"}),

		"kube.pollInterval": always(Risky, "changes come to proxies sooner or later than before"),
		"kube.jwksMaxAge":   always(Risky, "issuers' keys are used for longer or shorter in an outage"),
		"kube.maxStaleness": maxStaleness,
		"kube.unreadyWhenStale": flag(
			verdict{Risky, "proxies that are stale take no traffic"}, verdict{Safe, "proxies that are stale take traffic"}),
		"kube.isolate": flag(
			verdict{Risky, "an API that cannot be built answers 503"}, verdict{Risky, "an API that cannot be built holds back the others"}),

		"kube.replicas.min":              amount[int]("least replicas", Safe, Risky, false),
		"kube.replicas.max":              amount[int]("most replicas", Safe, Risky, false),
		"kube.targetCPU":                 amount[int]("targetCPU", Risky, Safe, false),
		"kube.resources.requests.cpu":    pods,
		"kube.resources.requests.memory": pods,
		"kube.resources.limits.cpu":      pods,
		"kube.resources.limits.memory":   pods,
		"kube.service.type":              serviceType,
		"kube.service.ports.*":           servicePort,
		"kube.service.annotations.*":     always(Risky, "whoever makes load balancers is told otherwise"),
		"kube.adminPort":                 note("port"),

		"prometheus.namespace":         always(Risky, "another namespace reaches the admin port"),
		"prometheus.labels.*":          always(Risky, "Prometheus selects rules and monitors by labels"),
		"prometheus.interval":          note("interval"),
		"prometheus.staleAfter":        amount[schema.Duration]("staleAfter", Risky, Safe, false),
		"prometheus.certificateNotice": always(Risky, "the alert comes at another time"),

		"flux.namespace":    always(Risky, "Flux's objects move to another namespace"),
		"flux.interval":     note("interval"),
		"flux.dependsOn":    note("order"),
		"flux.verifySecret": always(Risky, "Flux trusts others"),
		"flux.pullSecret":   login,
		"flux.certSecret":   always(Risky, "the registry is verified by other certificates"),
	}
}

// trustEnds is the rule of when the trust in somebody ends.
func trustEnds(e *edit) (Class, string) {
	switch old, new := e.old.(string), e.new.(string); {
	case new == "":
		return Risky, "trust does not end any more"
	case old == "":
		return Safe, "trust ends"
	case endOf(new).After(endOf(old)):
		return Risky, "trust ends later"
	default:
		return Safe, "trust ends sooner"
	}
}

// endOf returns when trust ends: a day is part of it, in UTC.
func endOf(text string) time.Time {
	if day, err := time.Parse(time.DateOnly, text); err == nil {
		return day.AddDate(0, 0, 1)
	}
	at, _ := time.Parse(time.RFC3339, text) // its form was checked before
	return at
}

// maxStaleness is the rule of how old bundles may be. Without a bound nobody is told that they are; and where proxies that are
// stale take no traffic, a lower one has more of them do so.
func maxStaleness(e *edit) (Class, string) {
	class, reason := amount[schema.Duration]("maxStaleness", Risky, Safe, true)(e)
	if e.newIn.(schema.Kube).UnreadyWhenStale {
		class = Risky
	}
	return class, reason
}

// serviceTypes are the kinds of Service; each lets those reach the gateway whom the ones before it do, and others.
var serviceTypes = []string{"ClusterIP", "NodePort", "LoadBalancer"}

// serviceType is the rule of who reaches the gateway.
func serviceType(e *edit) (Class, string) {
	if slices.Index(serviceTypes, e.new.(string)) < slices.Index(serviceTypes, e.old.(string)) {
		return Breaking, "fewer clients reach the gateway"
	}
	return Risky, "more clients reach the gateway"
}

// servicePort is the rule of the port at which clients reach a listener. Where none is said it is the listener's own.
func servicePort(e *edit) (Class, string) {
	name := e.names[len(e.names)-1]
	old, new := e.old.(int), e.new.(int)
	was, had := e.before.Listeners[name]
	is, has := e.after.Listeners[name]
	if e.kind == Added {
		old = was.Port
	}
	if e.kind == Removed {
		new = is.Port
	}
	if !had || !has || old == new {
		return Safe, "port " + e.kind.String()
	}
	return Breaking, "clients must connect to another port"
}
