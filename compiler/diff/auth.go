package diff

import (
	"encoding/json"

	"gwc.dev/schema"
)

// authTable returns the rules of who may call, by pattern below the route.
func authTable() map[string]rule {
	return map[string]rule{
		"auth": by(
			verdict{Breaking, "callers must authenticate"}, verdict{Risky, "auth removed"}, verdict{}),
		"auth.apiKey": by(
			verdict{Risky, "API keys accepted as well"}, verdict{Breaking, "API keys are refused"}, verdict{}),
		"auth.apiKey.header": always(Breaking, "the API key is expected elsewhere"),
		"auth.apiKey.query": by(
			verdict{Risky, "API keys accepted in query strings"},
			verdict{Breaking, "API keys in query strings are refused"},
			verdict{Breaking, "the API key is expected elsewhere"}),
		"auth.apiKey.forward": flag(
			verdict{Risky, "the backend sees API keys"}, verdict{Risky, "the backend no longer sees API keys"}),

		"auth.jwt":            by(verdict{Risky, "tokens accepted as well"}, verdict{Breaking, "tokens are refused"}, verdict{}),
		"auth.jwt.issuer":     always(Breaking, "tokens of the old issuer are refused"),
		"auth.jwt.audiences":  members("audience", Risky, Breaking, true),
		"auth.jwt.jwks":       keySet,
		"auth.jwt.algorithms": members("algorithm", Risky, Breaking, false),
		"auth.jwt.header":     always(Breaking, "the token is expected elsewhere"),
		"auth.jwt.requiredClaims.*": by(
			verdict{Breaking, "claim required"},
			verdict{Risky, "claim no longer required"},
			verdict{Breaking, "another value required"}),
		"auth.jwt.forwardClaims.*": by(
			verdict{Safe, "claim forwarded"},
			verdict{Risky, "claim no longer forwarded"},
			verdict{Risky, "another claim forwarded"}),
		"auth.jwt.forward": flag(
			verdict{Risky, "the backend sees tokens"}, verdict{Risky, "the backend no longer sees tokens"}),
		"auth.jwt.consumerClaim": always(Risky, "callers are known by another claim"),
		"auth.jwt.groupsClaim":   always(Risky, "groups are taken from another claim"),
		"auth.jwt.clockSkew":     amount[schema.Duration]("clockSkew", Risky, Breaking, false),

		"auth.allow":           allow,
		"auth.allow.consumers": allow,
		"auth.allow.groups":    allow,
	}
}

// keySet is the rule of where an issuer's keys come from. Of two sets that stand in the model it is known which keys are in both.
func keySet(e *edit) (Class, string) {
	old, known := keys(e.old.(schema.JWKS))
	new, both := keys(e.new.(schema.JWKS))
	switch {
	case !known || !both:
		return Risky, "tokens are verified with other keys"
	case len(without(old, new)) > 0:
		return Breaking, "tokens of a key that is gone are refused"
	case len(without(new, old)) > 0:
		return Risky, "tokens of another key are accepted"
	}
	return Safe, "the same keys"
}

// keys returns the keys of a set that stands in the model, each as text; false: it stands elsewhere.
func keys(set schema.JWKS) (texts []string, ok bool) {
	var parts struct{ Keys []json.RawMessage }
	if len(set.Inline) == 0 || json.Unmarshal(set.Inline, &parts) != nil {
		return nil, false
	}
	for _, key := range parts.Keys {
		texts = append(texts, string(key))
	}
	return texts, true
}

// allow is the rule of who of the recognised callers may pass: consumers and groups together are one set, and
// an empty one is everybody.
func allow(e *edit) (Class, string) {
	old, new := allowed(e.old, e.oldIn), allowed(e.new, e.newIn)
	switch {
	case len(old) == 0 && len(new) == 0:
		return Safe, "everybody may pass, as before"
	case len(old) == 0:
		return Breaking, "only some callers may pass"
	case len(new) == 0:
		return Risky, "every recognised caller may pass"
	}
	return members("allowed caller", Risky, Breaking, false)(e)
}

// allowed returns everybody that an allow list names: v is the list itself or one of its fields, which stands
// in the struct in.
func allowed(v, in any) []string {
	a, ok := v.(*schema.Allow)
	if !ok {
		in := in.(schema.Allow)
		a = &in
	}
	if a == nil {
		return nil
	}
	var names []string
	for _, c := range a.Consumers {
		names = append(names, "consumer "+c)
	}
	for _, g := range a.Groups {
		names = append(names, "group "+g)
	}
	return names
}
