package header_test

import (
	"strings"
	"testing"

	"gwc.dev/schema/header"
)

func TestKindOf(t *testing.T) {
	for name, want := range map[string]header.Kind{
		"Accept": header.EndToEnd, "Authorization": header.EndToEnd, "Keep_Alive": header.EndToEnd, "X-Connection": header.EndToEnd, "": header.EndToEnd,
		"connection": header.Connection, "TE": header.Connection, "CONTENT-LENGTH": header.Connection, "host": header.Connection,
		"content_length": header.Lookalike, "Transfer_Encoding": header.Lookalike,
		"via": header.Written, "X-Forwarded-For": header.Written, "x-request-id": header.Written,
		"X-Forwarded-User": header.Trusted, "x-forwarded-f": header.Trusted, "X-Forwarded-": header.EndToEnd, "X-Forwarded": header.EndToEnd,
		"client-cert": header.Certificate, "Client-Cert-Chain": header.Certificate, "Client-Certificate": header.EndToEnd,
		"x-real-ip": header.Removed, "X_Real_Ip": header.Removed, "X_Forwarded-User": header.Removed, "x-forwarded_for": header.Removed,
		"X_Request-Id": header.Removed, "Client_Cert": header.Removed, "X-Forwarded-a_b": header.Removed,
	} {
		if got := header.KindOf(name); got != want {
			t.Errorf("KindOf(%q) = %v, want %v", name, got, want)
		}
	}
}

func TestEveryFieldIsFoundInAnyCase(t *testing.T) {
	for _, f := range header.Fields() {
		name := strings.Replace(f.Name, "*", "Port", 1)
		for _, spelled := range []string{name, strings.ToLower(name), strings.ToUpper(name)} {
			if got := header.KindOf(spelled); got != f.Kind {
				t.Errorf("KindOf(%q) = %v, want %v", spelled, got, f.Kind)
			}
		}
	}
}

func TestTokensAndValues(t *testing.T) {
	for s, want := range map[string]bool{
		"x-a": true, "X_1.~!": true, "": false, "a b": false, "a:": false, "é": false, "a\n": false, "(a)": false,
	} {
		if got := header.IsToken(s); got != want {
			t.Errorf("IsToken(%q) = %v", s, got)
		}
	}
	for s, want := range map[string]bool{"": true, "a\tb é": true, "a\nb": false, "a\rb": false, "\x00": false, "\x7f": false} {
		if got := header.IsValue(s); got != want {
			t.Errorf("IsValue(%q) = %v", s, got)
		}
	}
}
