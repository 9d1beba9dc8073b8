package behaviour

import (
	"cmp"
	"maps"
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
		own := w // one of another definition is another bucket
		own.Scope, own.Header = "", strings.ToLower(w.Header)
		bucket += "\n" + compact(own)
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

// paired returns two rate limits as they compare by what they limit: without the windows that both have under different
// names, and the last ones that are left under one name, if they count alike.
func paired(was, is *schema.RateLimit) (a, b *schema.RateLimit) {
	if was == nil || is == nil {
		return was, is
	}
	a, b = &schema.RateLimit{Windows: maps.Clone(was.Windows)}, &schema.RateLimit{Windows: maps.Clone(is.Windows)}
	for name, w := range schema.Sorted(was.Windows) {
		for other, v := range schema.Sorted(b.Windows) {
			if v == w && b.Windows[name] != w && a.Windows[other] != v {
				delete(a.Windows, name)
				delete(b.Windows, other)
				break
			}
		}
	}
	gone, come := without(a.Windows, b.Windows), without(b.Windows, a.Windows)
	if len(gone) != 1 || len(come) != 1 {
		return a, b
	}
	w, v := a.Windows[gone[0]], b.Windows[come[0]]
	if w.By == v.By && w.Header == v.Header {
		delete(b.Windows, come[0])
		b.Windows[gone[0]] = v
	}
	return a, b
}

// without returns the names of windows that others do not have.
func without(windows, others map[string]schema.RateLimitWindow) (names []string) {
	for name := range schema.Sorted(windows) {
		if _, both := others[name]; !both {
			names = append(names, name)
		}
	}
	return names
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
