package diff

import (
	"crypto/sha256"
	"fmt"
	"net"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"gwc.dev/compiler/diag"
	"gwc.dev/schema"
)

// longest is how much text of a value is shown.
const longest = 120

// text returns a value on one line. What is too long is cut, and ends with a digest: texts of different values
// differ.
func text(v any) string {
	if r := reflect.ValueOf(v); r.Kind() == reflect.Pointer && r.IsNil() {
		return ""
	}
	switch v := v.(type) {
	case schema.Duration:
		return v.String()
	case schema.PathMatch:
		return pathText(&v)
	case *schema.PathMatch:
		return pathText(v)
	case schema.ValueMatch:
		return valueText(v)
	case schema.JWKS:
		return jwksText(v)
	case string:
		return cut(stringText(v))
	case schema.TrustedKey:
		return cut(trustedKeyText(v))
	case *schema.Trust:
		return cut(trustText(v))
	case schema.Certificate:
		return cut(strconv.Quote(v.Secret))
	case schema.API:
		return cut(apiText(v))
	case schema.Route:
		return cut(routeText(v))
	case schema.Upstream:
		return cut(upstreamText(v))
	case []string:
		return cut(quoted(set(v)))
	default:
		return cut(compact(v))
	}
}

func pathText(m *schema.PathMatch) string {
	var parts []string
	for _, p := range [][2]string{{"exact", m.Exact}, {"prefix", m.Prefix}, {"regex", m.Regex}} {
		if p[1] != "" {
			parts = append(parts, p[0]+" "+strconv.Quote(p[1]))
		}
	}
	return cut(strings.Join(parts, " "))
}

func valueText(m schema.ValueMatch) string {
	var parts []string
	if m.Exact != nil {
		parts = append(parts, "exact "+strconv.Quote(*m.Exact))
	}
	if m.Regex != "" {
		parts = append(parts, "regex "+strconv.Quote(m.Regex))
	}
	if m.Present != nil {
		parts = append(parts, fmt.Sprintf("present %t", *m.Present))
	}
	return cut(strings.Join(parts, " "))
}

// jwksText shows a key set by its digest: keys say nothing to a reader.
func jwksText(s schema.JWKS) string {
	var parts []string
	if s.URL != "" {
		parts = append(parts, strconv.Quote(s.URL))
	}
	if len(s.Inline) > 0 {
		parts = append(parts, "inline "+digest(string(s.Inline)))
	}
	return cut(strings.Join(parts, " "))
}

// stringText shows PEM by its digest, as [jwksText] shows keys.
func stringText(s string) string {
	if after, ok := strings.CutPrefix(s, "-----BEGIN "); ok {
		if label, _, ok := strings.Cut(after, "-----"); ok {
			return strings.ToLower(label) + " " + digest(s)
		}
	}
	return compact(s)
}

func trustedKeyText(k schema.TrustedKey) string {
	s := stringText(k.PEM)
	if k.Expires != "" {
		s += " until " + k.Expires
	}
	return s
}

// trustText says what there is, where all of it is new or gone.
func trustText(t *schema.Trust) string {
	var parts []string
	for _, part := range []struct {
		n    int
		noun string
	}{{len(t.Keys), "key"}, {len(t.Identities), "identity"}, {len(t.Authorities), "authority"}, {len(t.TimeAuthorities), "time authority"}} {
		if part.n > 0 {
			parts = append(parts, number(part.n, part.noun))
		}
	}
	if t.ConfigMap != "" {
		parts = append(parts, "ConfigMap "+strconv.Quote(t.ConfigMap))
	}
	return strings.Join(parts, ", ")
}

func apiText(a schema.API) string {
	s := number(len(a.Routes), "route")
	if len(a.Hosts) > 0 {
		s += " at " + strings.Join(set(a.Hosts), ", ")
	}
	if a.Owner != "" {
		s += ", owner " + strconv.Quote(a.Owner)
	}
	return s
}

func routeText(r schema.Route) string {
	var parts []string
	if m := r.Match; m != nil {
		parts = append(parts, set(m.Methods)...)
		if m.Path != nil {
			parts = append(parts, pathText(m.Path))
		}
		if n := len(m.Headers); n > 0 {
			parts = append(parts, "with "+number(n, "header"))
		}
		if n := len(m.Query); n > 0 {
			parts = append(parts, "with "+number(n, "query parameter"))
		}
	}
	if len(r.Backends) > 0 {
		var names []string
		for name := range schema.Sorted(r.Backends) {
			names = append(names, name)
		}
		parts = append(parts, "to "+strings.Join(names, ", "))
	}
	if r.Redirect != nil {
		parts = append(parts, "redirect")
	}
	if r.Respond != nil {
		parts = append(parts, "respond "+strconv.Itoa(r.Respond.Status))
	}
	return strings.Join(parts, " ")
}

func upstreamText(u schema.Upstream) string {
	var hosts []string
	for _, e := range schema.Sorted(u.Endpoints) {
		hosts = append(hosts, net.JoinHostPort(e.Host, strconv.Itoa(e.Port)))
	}
	return strings.Join(hosts, ", ")
}

func number(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	if stem, ok := strings.CutSuffix(noun, "y"); ok && noun != "key" {
		return fmt.Sprintf("%d %sies", n, stem)
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

func quoted(list []string) string {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = strconv.Quote(s)
	}
	return "[" + strings.Join(out, ", ") + "]"
}

// compact returns a value as JSON.
func compact(v any) string {
	out, err := schema.MarshalCanonical(v)
	if err != nil {
		return fmt.Sprintf("%+v", v)
	}
	return strings.TrimSuffix(string(out), "\n")
}

// cut returns s as printable text of bounded length.
func cut(s string) string {
	plain := []rune(diag.Plain(s))
	if len(plain) <= longest {
		return string(plain)
	}
	return string(slices.Clip(plain[:longest])) + fmt.Sprintf("... (%d bytes, %s)", len(s), digest(s))
}

// digest returns enough of a text's digest to tell it from another.
func digest(s string) string {
	sum := sha256.Sum256([]byte(s))
	return fmt.Sprintf("sha256:%x", sum[:6])
}
