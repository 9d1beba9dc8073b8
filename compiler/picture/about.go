package picture

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"gwc.dev/schema"
)

func aboutListener(l *schema.Listener) []string {
	lines := []string{"HTTP :" + strconv.Itoa(l.Port)}
	if l.TLS != nil {
		lines = []string{"HTTPS :" + strconv.Itoa(l.Port)}
		if l.TLS.MinVersion != "" {
			lines = append(lines, "TLS "+l.TLS.MinVersion+" or later")
		}
		if c := l.TLS.ClientCertificates; c != nil {
			lines = append(lines, choose(c.Optional, "client certificates if there are any", "client certificates"))
		}
	}
	if r := l.Redirect; r != nil {
		lines = append(lines, "redirects to "+r.Listener)
	}
	if len(l.Hosts) > 0 {
		lines = append(lines, "only "+strings.Join(l.Hosts, ", "))
	}
	return lines
}

func aboutUpstream(u *schema.Upstream) []string {
	var lines []string
	for _, e := range schema.Sorted(u.Endpoints) {
		line := e.Host + ":" + strconv.Itoa(e.Port)
		if len(u.Endpoints) > 1 {
			line += " weight " + strconv.Itoa(e.Weight)
		}
		lines = append(lines, line)
	}
	if u.TLS != nil {
		lines = append(lines, "TLS"+before(" as ", u.TLS.ServerName))
	}
	if u.Protocol != "auto" {
		lines = append(lines, before("protocol ", u.Protocol))
	}
	return lines
}

func aboutAPI(a *schema.API) []string {
	lines := []string{before("owner ", a.Owner), before("version ", a.Version)}
	if a.SLO != nil && a.SLO.Availability > 0 {
		lines = append(lines, fmt.Sprintf("available %g %%", a.SLO.Availability))
	}
	return lines
}

// aboutRoute says what a route takes, then its filters in the order in which they see requests, then what answers.
func aboutRoute(r *schema.Route) []string {
	return append(aboutMatch(r.Match), aboutFilters(r)...)
}

func aboutMatch(m *schema.Match) []string {
	if m == nil {
		m = &schema.Match{}
	}
	what := strings.Join(m.Methods, " ")
	if what == "" {
		what = "any method"
	}
	switch p := m.Path; {
	case p == nil:
		what += ", any path"
	case p.Exact != "":
		what += " " + p.Exact
	case p.Regex != "":
		what += " ~ " + p.Regex
	default:
		what += " " + strings.TrimSuffix(p.Prefix, "/") + "/…"
	}
	lines := []string{what}
	for name, v := range schema.Sorted(m.Headers) {
		lines = append(lines, "header "+name+condition(v))
	}
	for name, v := range schema.Sorted(m.Query) {
		lines = append(lines, "query "+name+condition(v))
	}
	return lines
}

func condition(v schema.ValueMatch) string {
	switch {
	case v.Exact != nil:
		return " = " + *v.Exact
	case v.Regex != "":
		return " ~ " + v.Regex
	case v.Present != nil && !*v.Present:
		return " is absent"
	}
	return " is present"
}

// aboutFilters lists what becomes of a request, in the order in which it does.
func aboutFilters(r *schema.Route) []string {
	var lines []string
	if r.MaxBodyBytes > 0 {
		lines = append(lines, fmt.Sprintf("body at most %d bytes", r.MaxBodyBytes))
	}
	headers := r.Headers
	if headers == nil || headers.Disabled {
		headers = &schema.Headers{}
	}
	lines = append(lines, aboutHeaders("response", headers.Response)...)
	if c := r.CORS; c != nil && !c.Disabled {
		lines = append(lines, "CORS "+strings.Join(c.Origins, " "))
	}
	lines = append(lines, aboutAuth(r.Auth)...)
	if l := r.RateLimit; l != nil && !l.Disabled {
		for _, w := range schema.Sorted(l.Windows) {
			lines = append(lines, fmt.Sprintf("limit %d in a %s by %s%s", w.Requests, w.Per, w.By, before(" ", w.Header)))
		}
	}
	lines = append(lines, aboutAnswer(r)...)
	lines = append(lines, aboutHeaders("request", headers.Request)...)
	if r.Timeout > 0 {
		lines = append(lines, "timeout "+time.Duration(r.Timeout).String())
	}
	if t := r.Retry; t != nil && !t.Disabled && t.Attempts > 0 {
		lines = append(lines, fmt.Sprintf("attempts %d, on %s", t.Attempts, strings.Join(t.On, " ")))
	}
	return lines
}

func aboutAuth(a *schema.Auth) []string {
	if a == nil || a.Disabled {
		return nil
	}
	var lines []string
	if k := a.APIKey; k != nil {
		lines = append(lines, "API key in "+choose(k.Header != "", "header "+k.Header, "query "+k.Query))
	}
	if j := a.JWT; j != nil {
		lines = append(lines, "JWT of "+j.Issuer+before(" for ", strings.Join(j.Audiences, " ")), before("keys of ", j.JWKS.URL))
		for name, value := range schema.Sorted(j.RequiredClaims) {
			lines = append(lines, "JWT with "+name+" = "+string(value))
		}
	}
	if w := a.Allow; w != nil {
		lines = append(lines, before("only consumers ", strings.Join(w.Consumers, " ")), before("only groups ", strings.Join(w.Groups, " ")))
	}
	return lines
}

func aboutHeaders(of string, c *schema.HeaderChange) []string {
	if c == nil {
		return nil
	}
	var lines []string
	for _, name := range c.Remove {
		lines = append(lines, of+" without "+name)
	}
	for name, value := range schema.Sorted(c.Set) {
		lines = append(lines, of+" with "+name+": "+value)
	}
	for name, value := range schema.Sorted(c.Add) {
		lines = append(lines, of+" with also "+name+": "+value)
	}
	return lines
}

func aboutAnswer(r *schema.Route) []string {
	var lines []string
	if w := r.Rewrite; w != nil {
		lines = append(lines, before("path becomes ", w.Full), before("prefix becomes ", w.Prefix), before("host becomes ", w.Host))
	}
	if d := r.Redirect; d != nil {
		to := before("", d.Scheme) + choose(d.Scheme != "", "://", "") + d.Host
		if d.Path != nil {
			to += d.Path.Full + d.Path.Prefix
		}
		lines = append(lines, fmt.Sprintf("redirects with %d%s", d.Status, before(" to ", to)))
	}
	if p := r.Respond; p != nil {
		lines = append(lines, fmt.Sprintf("answers %d", p.Status))
	}
	return lines
}

// before returns text after a lead, and nothing for nothing.
func before(lead, text string) string {
	if text == "" {
		return ""
	}
	return lead + text
}

func choose(yes bool, a, b string) string {
	if yes {
		return a
	}
	return b
}
