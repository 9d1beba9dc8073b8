package behaviour

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"

	"gwc.dev/schema"
)

// authText is the same for equal answers to the question who may call.
func (s *side) authText(a *schema.Auth) string {
	if a == nil || a.Disabled {
		return ""
	}
	out := *a
	out.Allow = nil // stands in who the callers are
	if a.JWT != nil {
		jwt := *a.JWT
		jwt.Audiences, jwt.Algorithms = sorted(jwt.Audiences), sorted(jwt.Algorithms)
		jwt.Header, jwt.ForwardClaims = strings.ToLower(jwt.Header), lowerNames(jwt.ForwardClaims)
		out.JWT = &jwt
	}
	if a.APIKey != nil {
		key := *a.APIKey
		key.Header = strings.ToLower(key.Header)
		out.APIKey = &key
	}
	text := compact(out)
	ways := text + compact(a.Allow)
	callers, ok := s.callers[ways]
	if !ok {
		sum := sha256.Sum256([]byte(callersText(s.gateway, a))) // there may be thousands, at each of as many routes
		callers = hex.EncodeToString(sum[:])
		s.callers[ways] = callers
	}
	return text + callers
}

// callersText says who of those that are recognised may pass.
func callersText(g *schema.Gateway, a *schema.Auth) string {
	var consumers []string
	for _, text := range consumersOf(g, a) {
		consumers = append(consumers, text)
	}
	slices.Sort(consumers)
	if a.JWT == nil || allowsAll(a) {
		return compact(consumers)
	}
	named, groups := a.Allow.Consumers, a.Allow.Groups
	if a.JWT.GroupsClaim == "" { // then consumers bring their own, and nobody else has any
		for name, c := range g.Consumers {
			if isAllowed(a, name, c) {
				named = append(slices.Clip(named), name)
			}
		}
		groups = nil
	}
	return compact([]any{consumers, sorted(named), sorted(groups)})
}

// consumersOf returns the consumers that may pass with API keys, by name, each as what it can show. Who shows keys alone is
// told from others by them, whatever it is called.
func consumersOf(g *schema.Gateway, a *schema.Auth) map[string]string {
	out := map[string]string{}
	if a == nil || a.Disabled || a.APIKey == nil {
		return out
	}
	for name, c := range g.Consumers {
		if len(c.APIKeys) == 0 || !isAllowed(a, name, c) {
			continue
		}
		var keys []string
		for _, key := range c.APIKeys {
			keys = append(keys, compact(key))
		}
		keys = sorted(keys)
		if a.JWT != nil { // a token's claim may name it too
			keys = append(keys, name)
		}
		out[name] = compact(keys)
	}
	return out
}

// isAllowed reports whether a consumer may pass that was recognised by an API key, or by a token without groups.
func isAllowed(a *schema.Auth, name string, c schema.Consumer) bool {
	return allowsAll(a) || slices.Contains(a.Allow.Consumers, name) ||
		slices.ContainsFunc(c.Groups, func(group string) bool { return slices.Contains(a.Allow.Groups, group) })
}

// allowsAll reports whether everybody who is recognised may pass.
func allowsAll(a *schema.Auth) bool {
	return a.Allow == nil || len(a.Allow.Consumers)+len(a.Allow.Groups) == 0
}

// concerned returns the consumers whose word counts differently for two ways of asking who calls.
func concerned(before, after *schema.Gateway, was, is *schema.Auth) map[string]bool {
	out := map[string]bool{}
	old, now := consumersOf(before, was), consumersOf(after, is)
	stay := map[string]int{}
	for _, text := range old {
		stay[text]++
	}
	gone := map[string]int{}
	for _, text := range now {
		if stay[text]--; stay[text] < 0 {
			gone[text]++
		}
	}
	for name, text := range old {
		if now[name] != text && stay[text] > 0 {
			out[name] = true
		}
	}
	for name, text := range now {
		if old[name] != text && gone[text] > 0 {
			out[name] = true
		}
	}
	for _, side := range []struct {
		model *schema.Gateway
		auth  *schema.Auth
	}{{before, was}, {after, is}} {
		if side.auth == nil || side.auth.JWT == nil || allowsAll(side.auth) || side.auth.JWT.GroupsClaim != "" {
			continue
		}
		for name := range side.model.Consumers {
			a, b := before.Consumers[name], after.Consumers[name]
			if was != nil && is != nil && isAllowed(was, name, a) != isAllowed(is, name, b) {
				out[name] = true
			}
		}
	}
	return out
}
