package diff

import "gwc.dev/schema"

// filterTable returns the rules of the filters of a route, by pattern below the route.
func filterTable() map[string]rule {
	return map[string]rule{
		"rateLimit": by(
			verdict{Breaking, "rate limit added"}, verdict{Risky, "rate limit removed"}, verdict{}),
		"rateLimit.*": by(
			verdict{Breaking, "rate limit added"}, verdict{Risky, "rate limit removed"}, verdict{}),
		"rateLimit.*.requests": rate,
		"rateLimit.*.per":      rate,
		"rateLimit.*.burst":    rate,
		"rateLimit.*.by":       countedBy,
		"rateLimit.*.header":   always(Risky, "requests are counted otherwise"),
		"rateLimit.*.scope":    scope,

		"timeout":      amount[schema.Duration]("timeout", Risky, Breaking, true),
		"maxBodyBytes": amount[int]("maxBodyBytes", Risky, Breaking, true),

		"retry":               by(verdict{Risky, "retry added"}, verdict{Safe, "retry removed"}, verdict{}),
		"retry.attempts":      amount[int]("attempts", Risky, Safe, false),
		"retry.on":            members("condition", Risky, Safe, false),
		"retry.perTryTimeout": amount[schema.Duration]("perTryTimeout", Safe, Risky, true),
		"retry.methods":       members("method", Risky, Safe, false),
		"retry.backoff":       amount[schema.Duration]("backoff", Safe, Risky, false),
	}
}

// rate is the rule of a window's numbers, which mean something together only: sixty a minute are one a second,
// but not at once.
func rate(e *edit) (Class, string) {
	old, new := e.oldIn.(schema.RateLimitWindow), e.newIn.(schema.RateLimitWindow)
	switch before, after := perDay(old), perDay(new); {
	case after < before:
		return Breaking, "rate limit lowered"
	case burst(new) < burst(old):
		return Breaking, "fewer requests at once"
	case after > before:
		return Risky, "rate limit raised"
	case burst(new) > burst(old):
		return Risky, "more requests at once"
	default:
		return Safe, "the same rate"
	}
}

// countedBy is the rule of what a window's requests are counted by: by the route, all callers have one bucket.
func countedBy(e *edit) (Class, string) {
	switch {
	case e.new == "route":
		return Breaking, "all callers share the limit"
	case e.old == "route":
		return Risky, "callers no longer share the limit"
	}
	return Risky, "requests are counted otherwise"
}

func perDay(w schema.RateLimitWindow) int {
	switch w.Per {
	case "second":
		return w.Requests * 86_400
	case "minute":
		return w.Requests * 1440
	case "hour":
		return w.Requests * 24
	default:
		return w.Requests
	}
}

func burst(w schema.RateLimitWindow) int {
	if w.Burst == 0 {
		return w.Requests
	}
	return w.Burst
}

// scope is the rule of who shares a window's buckets: the wider the scope, the less for each.
func scope(e *edit) (Class, string) {
	width := map[any]int{"route": 0, "api": 1, "gateway": 2}
	if width[e.new] > width[e.old] {
		return Breaking, "more routes share the limit"
	}
	return Risky, "fewer routes share the limit"
}
