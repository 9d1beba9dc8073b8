package check

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"gwc.dev/compiler/diag"
	"gwc.dev/schema"
)

// checkOrigins: origins are written as browsers send them, for they are compared byte by byte.
func checkOrigins(p *pass) {
	seen := once[*schema.CORS]{}
	for _, r := range p.routes {
		if r.CORS == nil || !seen.first(r.CORS) {
			continue
		}
		if len(r.CORS.Origins) == 0 {
			p.report(diag.Finding{
				Code: "cors-empty", Severity: diag.Warning, Path: r.path("cors"),
				Message: "CORS allows no origin, so that no page of another one can read answers",
				Hint:    `name the pages' origins, for instance origins: ["https://app.example.com"]`,
			})
		}
		for i, origin := range r.CORS.Origins {
			if hint := badOrigin(origin); hint != "" {
				p.report(diag.Finding{
					Code: "cors-origin", Severity: diag.Error, Path: r.path("cors", "origins", strconv.Itoa(i)),
					Message: fmt.Sprintf("origin %q is not what a browser sends", origin),
					Hint:    hint,
				})
			}
		}
	}
}

// badOrigin returns what to write instead of an origin, or "" where it is right.
func badOrigin(origin string) string {
	const form = `write scheme, host and, where it is not the scheme's own, port: "https://app.example.com:8443"`
	if origin == "*" || origin == "null" {
		return ""
	}
	u, err := url.Parse(strings.Replace(origin, "://*.", "://wildcard.", 1))
	if err != nil || u.Scheme == "" || u.Hostname() == "" || strings.Contains(u.Host, "*") {
		return form
	}
	if u.Path != "" || u.RawQuery != "" || u.ForceQuery || u.Fragment != "" || u.User != nil || strings.HasSuffix(origin, "#") {
		return "an origin ends with its host or port: " + form
	}
	if strings.ToLower(origin) != origin {
		return fmt.Sprintf("write it in lower case: %q", strings.ToLower(origin))
	}
	host := strings.TrimSuffix(origin, ":"+u.Port())
	switch port := u.Port(); {
	case strings.HasSuffix(u.Host, ":"):
		return form
	case u.Scheme == "http" && port == "80", u.Scheme == "https" && port == "443":
		return fmt.Sprintf("browsers leave the scheme's own port out: write %q", host)
	case port != "":
		if n, err := strconv.Atoi(port); err != nil || n < 1 || n > 65535 {
			return "write a port from 1 to 65535, or none"
		}
	}
	return ""
}
