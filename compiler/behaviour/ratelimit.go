package behaviour

import (
	"cmp"
	"slices"
	"strings"

	"gwc.dev/compiler/routing"
	"gwc.dev/schema"
)

// limits returns what a route's rate limits are, and the buckets that they count in, in one order.
func limits(e *routing.Entry) (text string, buckets []string) {
	if e.Route.RateLimit == nil || e.Route.RateLimit.Disabled {
		return "", nil
	}
	type window struct{ text, bucket string }
	var all []window
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
		buckets = append(buckets, w.bucket)
	}
	return compact(texts), buckets
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
