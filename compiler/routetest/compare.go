package routetest

import (
	"cmp"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"gwc.dev/runtime/exchange"
	"gwc.dev/schema"
)

// A comparison collects the wants that are not met.
type comparison struct{ found []Difference }

// hold notes a difference unless what is wanted at a place below the test's want is what came.
func (c *comparison) hold(ok bool, what, want, got string, at ...string) {
	if !ok {
		c.found = append(c.found, Difference{What: what, Want: want, Got: cmp.Or(got, "none"), at: at})
	}
}

// differences holds what a request met against what is wanted of it.
func differences(want *schema.TestWant, got *Outcome) []Difference {
	c := &comparison{}
	c.route(want, got.Route)
	c.status(want, got.Status)
	if len(want.Backends) > 0 {
		wanted := wantedShares(want.Backends)
		c.hold(list(wanted) == list(got.Backends), "backends", list(wanted), list(got.Backends), "backends")
	}
	if up := want.Upstream; up != nil {
		c.upstream(up, got.upstream)
	}
	c.answer(want, got.header)
	if want.Limit != "" {
		c.hold(slices.Contains(got.Limits, want.Limit), "limit", want.Limit, strings.Join(got.Limits, ", "), "limit")
	}
	if want.Settings != nil && got.written != nil {
		c.settings(want.Settings, got.written)
	}
	return c.found
}

// outward is [differences] of what shows outside.
func outward(want *schema.TestWant, got *Outcome) []Difference {
	c := &comparison{}
	if !got.outside {
		c.route(want, got.Route)
	}
	c.status(want, got.Status)
	c.answer(want, got.header)
	return c.found
}

func (c *comparison) route(want *schema.TestWant, got string) {
	if want.Route != "" {
		c.hold(want.Route == got, "route", want.Route, got, "route")
	}
	if want.None {
		c.hold(got == "", "route", "none", got, "none")
	}
}

func (c *comparison) status(want *schema.TestWant, got int) {
	if want.Status != 0 {
		c.hold(want.Status == got, "status", strconv.Itoa(want.Status), strconv.Itoa(got), "status")
	}
}

func (c *comparison) answer(want *schema.TestWant, got exchange.Header) {
	c.fields("response header", want.ResponseHeaders, got, "responseHeaders")
}

func (c *comparison) upstream(want *schema.TestUpstream, got *exchange.Request) {
	if got == nil {
		got = &exchange.Request{}
	}
	if want.Path != "" {
		c.hold(want.Path == got.Path, "upstream path", want.Path, got.Path, "upstream", "path")
	}
	if want.Host != "" {
		c.hold(strings.EqualFold(want.Host, got.Authority), "upstream host", want.Host, got.Authority, "upstream", "host")
	}
	c.fields("upstream header", want.Headers, got.Header, "upstream", "headers")
}

func (c *comparison) fields(what string, want map[string]schema.ValueMatch, header exchange.Header, at ...string) {
	for name, v := range schema.Sorted(want) {
		value, there := joined(header, name)
		got := ""
		if there {
			got = strconv.Quote(value)
		}
		c.hold(takes(v, value, there), what+" "+name, wanted(v), got, append(slices.Clip(at), name)...)
	}
}

// joined returns the value of all lines of a field (RFC 9110, section 5.3).
func joined(h exchange.Header, name string) (value string, there bool) {
	var all []string
	for _, f := range h {
		if exchange.EqualFold(f.Name, name) {
			all = append(all, f.Value)
		}
	}
	return strings.Join(all, ", "), len(all) > 0
}

// takes reports whether a field is as wanted. An expression was found good when the test was checked.
func takes(v schema.ValueMatch, value string, there bool) bool {
	switch {
	case v.Exact != nil:
		return there && value == *v.Exact
	case v.Regex != "":
		return there && regexp.MustCompile(whole(v.Regex)).MatchString(value)
	}
	return v.Present != nil && *v.Present == there
}

// whole makes an expression one of the whole text.
func whole(expr string) string { return `\A(?:` + expr + `)\z` }

func wanted(v schema.ValueMatch) string {
	switch {
	case v.Exact != nil:
		return strconv.Quote(*v.Exact)
	case v.Regex != "":
		return "matching " + strconv.Quote(v.Regex)
	case v.Present != nil && *v.Present:
		return "present"
	}
	return "none"
}

func wantedShares(want map[string]float64) []Share {
	var out []Share
	for name, percent := range schema.Sorted(want) {
		out = append(out, Share{name, rounded(percent)})
	}
	return out
}

func rounded(percent float64) float64 { return math.Round(percent*10) / 10 }

// list returns shares as text. One that gets everything is only named.
func list(shares []Share) string {
	if len(shares) == 1 && shares[0].Percent == 100 {
		return shares[0].Upstream
	}
	var all []string
	for _, s := range shares {
		all = append(all, fmt.Sprintf("%s %v%%", s.Upstream, s.Percent))
	}
	return strings.Join(all, ", ")
}
