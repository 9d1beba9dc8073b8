package behaviour

import (
	"cmp"
	"slices"
	"strings"

	"gwc.dev/compiler/routing"
	"gwc.dev/schema"
)

// A window is a rate limit: what it comes to, and the bucket that it counts in.
type window struct{ text, bucket string }

// limits returns what a route's rate limits are, all together and one by one, sorted.
func limits(e *routing.Entry) (text string, all []window) {
	if e.Route.RateLimit == nil || e.Route.RateLimit.Disabled {
		return "", nil
	}
	for name, w := range schema.Sorted(e.Route.RateLimit.Windows) {
		bucket := w.Scope + "\n" + name
		switch w.Scope {
		case "api":
			bucket += "\n" + e.API
		case "route":
			bucket += "\n" + e.String()
		}
		all = append(all, window{compact(plainWindow(w, e.Route)), bucket})
	}
	slices.SortFunc(all, func(a, b window) int { return cmp.Or(cmp.Compare(a.text, b.text), cmp.Compare(a.bucket, b.bucket)) })
	var texts []string
	for _, w := range all {
		texts = append(texts, w.text)
	}
	return compact(texts), all
}

// kept returns the limits that two routes have alike, as pairs.
func kept(was, is []window) (pairs [][2]window) {
	for len(was) > 0 && len(is) > 0 {
		switch order := cmp.Compare(was[0].text, is[0].text); {
		case order < 0:
			was = was[1:]
		case order > 0:
			is = is[1:]
		default:
			pairs = append(pairs, [2]window{was[0], is[0]})
			was, is = was[1:], is[1:]
		}
	}
	return pairs
}

// plainWindow returns a window of a route as what it comes to, without saying who shares it.
func plainWindow(w schema.RateLimitWindow, r *schema.Route) schema.RateLimitWindow {
	w.Scope, w.Header = "", strings.ToLower(w.Header)
	if w.By != "header" {
		w.Header = ""
	}
	if w.By == "consumer" && public(r) { // who is not known is counted by address
		w.By = "ip"
	}
	return w
}
