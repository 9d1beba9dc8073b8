package nearest_test

import (
	"strings"
	"testing"

	"gwc.dev/compiler/nearest"
)

func TestTo(t *testing.T) {
	known := []string{"timeout", "retry", "rateLimit", "echo", "echo-v2", "echo-v1", "users", "ratelimits", ""}
	for _, tt := range []struct{ title, name, want string }{
		{"a letter is missing", "timout", "timeout"},
		{"a letter too many", "timeoutt", "timeout"},
		{"a wrong letter", "tineout", "timeout"},
		{"two letters swapped", "retyr", "retry"},
		{"another case is no slip", "ratelimit", "rateLimit"},
		{"of equals the first by name", "echo-v3", "echo-v1"},
		{"nothing near", "consumers", ""},
		{"a short name that shares nothing", "zz", ""},
		{"no name", "", ""},
		{"longer than anybody writes", strings.Repeat("timeout", 1000), ""},
	} {
		t.Run(tt.title, func(t *testing.T) {
			if got := nearest.To(tt.name, known); got != tt.want {
				t.Errorf("To(%q) = %q, want %q", tt.name, got, tt.want)
			}
		})
	}
}

func TestToNeverReturnsTheNameItself(t *testing.T) {
	if got := nearest.To("echo", []string{"echo"}); got != "" {
		t.Errorf("To = %q, want none", got)
	}
}

func TestToDoesNotDependOnTheOrder(t *testing.T) {
	for _, known := range [][]string{{"cart", "card", "care"}, {"care", "card", "cart"}} {
		if got := nearest.To("carx", known); got != "card" {
			t.Errorf("To among %q = %q, want card", known, got)
		}
	}
}
