package behaviour

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"maps"
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
		jwt.JWKS.Inline = keySet(jwt.JWKS.Inline)
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

// keySet returns a key set with its keys in one order: all that fit a token are tried.
func keySet(set schema.JSON) schema.JSON {
	var parts map[string]json.RawMessage
	var keys []json.RawMessage
	if json.Unmarshal(set, &parts) != nil || json.Unmarshal(parts["keys"], &keys) != nil {
		return set
	}
	slices.SortFunc(keys, func(a, b json.RawMessage) int { return bytes.Compare(a, b) })
	parts["keys"] = json.RawMessage(compact(keys))
	return schema.JSON(compact(parts))
}

// callersText says who of those that are recognised may pass.
func callersText(g *schema.Gateway, a *schema.Auth) string {
	var consumers []string
	for _, text := range consumersOf(g, a, false) {
		consumers = append(consumers, text)
	}
	slices.Sort(consumers)
	if a.JWT == nil || allowsAll(a) {
		return compact(consumers)
	}
	names, groups := a.Allow.Consumers, a.Allow.Groups
	if a.JWT.GroupsClaim == "" { // then consumers bring their own, and nobody else has any
		for name, c := range g.Consumers {
			if isAllowed(a, name, c) {
				names = append(slices.Clip(names), name)
			}
		}
		groups = nil
	}
	return compact([]any{consumers, sorted(names), sorted(groups)})
}

// consumersOf returns the consumers that may pass with API keys, by name, each as what it can show. Who shows keys alone is
// told from others by them, whatever it is called, unless it is named.
func consumersOf(g *schema.Gateway, a *schema.Auth, named bool) map[string]string {
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
		if named {
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

// namesCount reports whether it matters to a route what its callers are called: who shows a key shares a limit with those whose
// tokens have the name.
func namesCount(r *schema.Route) bool {
	return r.Auth != nil && r.Auth.JWT != nil && countsByConsumer(r)
}

// namesText is the same for equal names of callers with equal keys; "": it does not matter what they are called.
func (s *side) namesText(r *schema.Route) string {
	if !namesCount(r) {
		return ""
	}
	return compact(slices.Sorted(maps.Values(consumersOf(s.gateway, r.Auth, true))))
}

// concerned returns the consumers whose word counts differently for two routes.
func concerned(before, after *schema.Gateway, a, b *schema.Route) map[string]bool {
	out := map[string]bool{}
	was, is := a.Auth, b.Auth
	named := namesCount(a) && namesCount(b)
	old, now := consumersOf(before, was, named), consumersOf(after, is, named)
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
