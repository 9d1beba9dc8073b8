package behaviour

import (
	"slices"
	"strings"
	"time"

	"gwc.dev/schema"
)

// What a route does by method: retries, and which methods pages may use.

// common returns the methods that both routes take; all: there is no end of them.
func (t *treatment) common(other *treatment) (methods []string, all bool) {
	a, b := takes(t.route), takes(other.route)
	switch {
	case len(a) == 0 && len(b) == 0:
		return nil, true
	case len(a) == 0:
		return sorted(b), false
	case len(b) == 0:
		return sorted(a), false
	}
	return slices.DeleteFunc(sorted(a), func(m string) bool { return !slices.Contains(b, m) }), false
}

// takes returns the methods that a route takes; none: all.
func takes(r *schema.Route) []string {
	if r.Match == nil {
		return nil
	}
	return r.Match.Methods
}

// retryDiffers reports whether two routes retry differently whatever the method, or for which methods they do.
func (t *treatment) retryDiffers(other *treatment) (all bool, some []string) {
	const unnamed = "" // a method that no list has
	if retryOf(t.route.Retry, unnamed) != retryOf(other.route.Retry, unnamed) {
		return true, nil
	}
	methods, every := t.common(other)
	if every {
		for _, r := range []*schema.Retry{t.route.Retry, other.route.Retry} {
			if r != nil {
				methods = append(methods, r.Methods...)
			}
		}
	}
	return false, slices.DeleteFunc(sorted(methods), func(m string) bool {
		return retryOf(t.route.Retry, m) == retryOf(other.route.Retry, m)
	})
}

// connectFailure is on what a request is tried again whatever its method, since it never left.
const connectFailure = "connect-failure"

// retryOf returns the retries of requests of a method, and the bound on a try; "": there are none.
func retryOf(r *schema.Retry, method string) string {
	if r == nil || r.Disabled {
		return ""
	}
	out := *r
	out.On, out.Methods = retryOn(r), nil
	if !slices.Contains(r.Methods, method) {
		out.On = slices.DeleteFunc(out.On, func(on string) bool { return on != connectFailure })
	}
	switch {
	case len(out.On) > 0:
		return compact(out)
	case out.PerTryTimeout > 0: // each try is bounded all the same
		return compact(out.PerTryTimeout)
	}
	return ""
}

// retryText is the same for equal retries, whatever the method.
func retryText(r *schema.Retry) string {
	if r == nil || r.Disabled {
		return ""
	}
	out := *r
	out.On, out.Methods = retryOn(r), sorted(r.Methods)
	return compact(out)
}

// retryOn returns what is tried again, each once: 5xx is all of these statuses.
func retryOn(r *schema.Retry) []string {
	const serverErrors, timeout = "5xx", "timeout"
	out := sorted(r.On)
	if r.PerTryTimeout == 0 { // without a bound on a try, it is the route's that ends the last
		out = slices.DeleteFunc(out, func(on string) bool { return on == timeout })
	}
	if !slices.Contains(out, serverErrors) {
		return out
	}
	return slices.DeleteFunc(out, func(on string) bool { return on != serverErrors && len(on) == len(serverErrors) && on[0] == '5' })
}

// corsDiffers reports whether pages of other origins are treated differently whatever the method, or for which methods
// they are. A route that lists no methods for pages takes those of its match, so that each method that it takes is one:
// it makes no difference how many routes share them.
func (t *treatment) corsDiffers(other *treatment) (all bool, some []string) {
	a, b := t.route.CORS, other.route.CORS
	if a == nil || b == nil || len(a.Methods)+len(b.Methods) > 0 || corsSettings(t.route) != corsSettings(other.route) {
		return true, nil
	}
	methods, every := t.common(other)
	if every {
		return false, nil
	}
	return false, slices.DeleteFunc(methods, func(m string) bool { return letsPages(t.route, m) == letsPages(other.route, m) })
}

// letsPages reports whether pages may use a method that the route takes.
func letsPages(r *schema.Route, method string) bool { return slices.Contains(corsMethods(r), method) }

// corsText is the same for equal CORS.
func corsText(r *schema.Route) string {
	if r.CORS == nil || r.CORS.Disabled {
		return ""
	}
	return corsSettings(r) + compact(corsMethods(r))
}

// corsSettings is all of a route's CORS but the methods. Where no page is let in, nothing else of it shows.
func corsSettings(r *schema.Route) string {
	if len(r.CORS.Origins) == 0 {
		return "no origins"
	}
	out := *r.CORS
	out.Origins, out.Methods = origins(out.Origins), nil
	if out.MaxAge > 0 { // is said in seconds
		out.MaxAge = schema.Duration(out.MaxAge.Std().Truncate(time.Second) + 1)
	}
	out.AllowHeaders, out.ExposeHeaders = sorted(lower(out.AllowHeaders)), sorted(lower(out.ExposeHeaders))
	return compact(out)
}

// origins returns those of a list that let pages in which no other one does.
func origins(list []string) []string {
	out := sorted(list)
	if slices.Contains(out, "*") {
		return []string{"*"}
	}
	return slices.DeleteFunc(slices.Clone(out), func(o string) bool {
		return slices.ContainsFunc(out, func(wide string) bool { return wide != o && coversOrigin(wide, o) })
	})
}

// coversOrigin reports whether a wildcard takes an origin, or all that another wildcard takes: one or more labels in the
// place of the star.
func coversOrigin(wide, origin string) bool {
	before, after, wild := strings.Cut(wide, "*")
	if !wild {
		return false
	}
	labels, ok := strings.CutPrefix(strings.Replace(origin, "//*.", "//any.", 1), before)
	if !ok {
		return false
	}
	labels, ok = strings.CutSuffix(labels, after)
	for label := range strings.SplitSeq(labels, ".") {
		ok = ok && label != "" && strings.Trim(label, "abcdefghijklmnopqrstuvwxyz0123456789-_") == ""
	}
	return ok
}

// corsMethods returns the methods that pages may ask for: where any page may, and none is listed, those of the match, and else
// those that need no leave.
func corsMethods(r *schema.Route) []string {
	switch {
	case len(r.CORS.Origins) == 0:
		return nil
	case len(r.CORS.Methods) > 0:
		return sorted(r.CORS.Methods)
	case len(takes(r)) > 0:
		return sorted(takes(r))
	}
	return []string{"GET", "HEAD", "POST"}
}
