package compiler

import (
	"fmt"
	"slices"
	"strings"

	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/token"
)

// called describes the definitions whose name says more than their constraint.
func called(definition string) string {
	switch definition {
	case "#Name":
		return `a name of at most 63 letters, digits, "-" and "_", such as "echo-v2"`
	case "#Host":
		return `a host name such as "api.example.com" or "*.example.com"`
	case "#Duration", "#Timeout":
		return `a duration above 0 such as "500ms" or "10s"`
	case "#Port":
		return "a port from 1 to 65535"
	case "#Secret":
		return `a reference to a secret such as "example-user/api-key" or "env:API_KEY", never the secret itself`
	case "#HeaderName":
		return `the name of a header field such as "x-request-id"`
	case "#HeaderValue":
		return "a header field's value, without control characters"
	case "#Method":
		return `a request method in capitals such as "GET"`
	case "#Path":
		return `a path such as "/echo", which begins with "/"`
	}
	return ""
}

// patterned describes the regular expressions that stand in the schema without a name.
func patterned(regex string) string {
	switch regex {
	case `^https?://[^ ]+$`:
		return `a URL such as "https://login.example.com/keys"`
	case `^https?://[^/?#@ ]+([/?][^# ]*)?$`:
		return `a URL such as "https://api.example.com/echo?page=1"`
	case `^[a-zA-Z0-9][-_a-zA-Z0-9]*/[a-zA-Z0-9][-_a-zA-Z0-9]*$`:
		return `the names of an API and its route such as "echo/default"`
	case `^[0-9a-f]{64}$`:
		return "a SHA-256 digest as 64 lower-case hexadecimal digits"
	case `^[a-z][a-z0-9+.-]*://(\*\.)?[a-z0-9._\[\]:-]+$`:
		return `an origin such as "https://app.example.com"`
	case `^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$`:
		return `the name of a secret such as "api-gateway-tls"`
	case `^[45][0-9][0-9]$`:
		return `a status such as "503"`
	case `^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$`, `^[a-z0-9]([-a-z0-9]{0,40}[a-z0-9])?$`:
		return `a Kubernetes name of lower-case letters, digits and "-"`
	case `^oci://[^ @]+$`:
		return `a repository without tag or digest such as "oci://registry.example.com/gateway"`
	case `^[a-zA-Z0-9_:.\[\]-]+$`:
		return `a host name or an IP address`
	case `^-----BEGIN PUBLIC KEY-----\n`:
		return "a public key in PEM"
	case `^-----BEGIN CERTIFICATE-----\n`:
		return "a certificate in PEM"
	case `^[a-zA-Z0-9]([-a-zA-Z0-9.]*[a-zA-Z0-9])?(:[0-9]+)?$`:
		return `the host of a registry such as "registry.example.com"`
	case `^[a-zA-Z0-9]([-a-zA-Z0-9.]*[a-zA-Z0-9])?(:[0-9]+)?(/[a-z0-9][-a-z0-9._]*)*$`:
		return `a registry, or the path that its repositories are below, such as "mirror.example.com/cache"`
	case `^[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9]{2}:[0-9]{2}:[0-9]{2}(Z|[-+][0-9]{2}:[0-9]{2}))?$`:
		return `a day or a time such as "2027-01-31" or "2027-01-31T12:00:00Z"`
	case `^[0-9]{4}-[0-9]{2}-[0-9]{2}$`:
		return `a day such as "2027-01-31"`
	}
	return ""
}

// want says in words what the place takes, for instance `one of "http" or "https"`.
func (s *shape) want() string {
	if id, ok := s.expr.(*ast.Ident); ok {
		if words := called(id.Name); words != "" {
			return words
		}
		if def := s.def.exprs[id.Name]; def != nil {
			return s.def.shape(def).want()
		}
	}
	switch {
	case s.isStruct() && s.each != nil && len(s.fields) == 0:
		return "a struct whose fields you name"
	case s.isStruct():
		return "a struct with the fields " + list(sortedKeys(s.fields), "and")
	case s.elem != nil && !s.scalar:
		return "a list, each element " + s.elem.want()
	}
	return s.def.words(s.expr)
}

// takes says what stands in a struct here.
func (s *shape) takes() string {
	switch {
	case s.each == nil || len(s.fields) > 0:
	case s.each.isStruct():
		return "its fields are names of your choice: NAME: {...}"
	default:
		return "its fields are names of your choice, each with " + s.each.want()
	}
	return "its fields are " + list(sortedKeys(s.fields), "and")
}

// words describes a scalar constraint.
func (d *definition) words(x ast.Expr) string {
	alts := d.alternatives(x)
	if len(alts) == 1 {
		return d.bound(alts[0])
	}
	var literals, others []string
	for _, a := range alts {
		if lit, ok := a.(*ast.BasicLit); ok {
			literals = append(literals, lit.Value)
		} else {
			others = append(others, d.bound(a))
		}
	}
	others = slices.Compact(others)
	switch {
	case len(others) == 0:
		return "one of " + list(literals, "or")
	case isDefault(x) && len(literals) == 1:
		return list(others, "or")
	default:
		return list(append(literals, others...), "or")
	}
}

// isDefault reports whether a disjunction is a default beside what it stands for, as in *1 | int.
func isDefault(x ast.Expr) bool {
	if b, ok := x.(*ast.BinaryExpr); ok && b.Op == token.OR {
		u, ok := b.X.(*ast.UnaryExpr)
		return ok && u.Op == token.MUL
	}
	return false
}

// basicType describes a type of CUE; "": it is none.
func basicType(name string) string {
	switch name {
	case "string":
		return "a string"
	case "int":
		return "an integer"
	case "number":
		return "a number"
	case "bool":
		return "true or false"
	}
	return ""
}

// bound describes a conjunction of a type and bounds.
func (d *definition) bound(x ast.Expr) string {
	noun, low, high, other := "", "", "", ""
	for _, c := range conjuncts(x) {
		switch c := c.(type) {
		case *ast.Ident:
			if basic := basicType(c.Name); basic != "" {
				noun = basic
			} else if words := called(c.Name); words != "" {
				return words
			} else if def := d.exprs[c.Name]; def != nil {
				return d.words(def)
			}
		case *ast.BasicLit:
			return c.Value
		case *ast.UnaryExpr:
			lit, ok := c.X.(*ast.BasicLit)
			if !ok {
				continue
			}
			switch c.Op {
			case token.GEQ:
				low = "from " + lit.Value
			case token.GTR:
				low = "above " + lit.Value
			case token.LEQ:
				high = "to " + lit.Value
			case token.LSS:
				high = "and below " + lit.Value
			case token.NEQ:
				other = "other than " + lit.Value
				if lit.Value == `""` {
					other = "that is not empty"
				}
			case token.MAT:
				if words := patterned(unquote(lit.Value)); words != "" {
					return words
				}
				noun = "a string of another form"
			}
		}
	}
	if from, ok := strings.CutPrefix(low, "from "); ok && high == "" {
		low = "of at least " + from
	}
	return strings.Join(slices.DeleteFunc([]string{noun, low, high, other}, func(s string) bool { return s == "" }), " ")
}

func conjuncts(x ast.Expr) []ast.Expr {
	switch x := x.(type) {
	case *ast.ParenExpr:
		return conjuncts(x.X)
	case *ast.BinaryExpr:
		if x.Op == token.AND {
			return append(conjuncts(x.X), conjuncts(x.Y)...)
		}
	}
	return []ast.Expr{x}
}

// sensitive reports whether a wrong value may be a secret that somebody wrote down, so that it must not be
// repeated.
func (s *shape) sensitive() bool {
	if id, ok := s.expr.(*ast.Ident); ok && id.Name == "#Secret" {
		return true
	}
	u, ok := s.expr.(*ast.UnaryExpr)
	if !ok || u.Op != token.MAT {
		return false
	}
	lit, ok := u.X.(*ast.BasicLit)
	return ok && (unquote(lit.Value) == `^[0-9a-f]{64}$` || unquote(lit.Value) == `^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$`)
}

// list joins words as a sentence does.
func list(words []string, last string) string {
	switch n := len(words); n {
	case 0:
		return ""
	case 1:
		return words[0]
	default:
		return fmt.Sprintf("%s %s %s", strings.Join(words[:n-1], ", "), last, words[n-1])
	}
}
