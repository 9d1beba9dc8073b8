package exchange_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gwc.dev/runtime/exchange"
)

func TestHeader(t *testing.T) {
	h := exchange.Header{{Name: "Accept", Value: "a"}, {Name: "x-tag", Value: "1"}, {Name: "Host", Value: "h"}, {Name: "X-Tag", Value: "2"}}
	if got := h.Get("X-TAG"); got != "1" {
		t.Errorf("Get = %q, want the first value", got)
	}
	if v, ok := h.Lookup("missing"); ok || v != "" {
		t.Errorf("Lookup of a missing field = %q, %v", v, ok)
	}
	if got := h.Count("X-Tag"); got != 2 {
		t.Errorf("Count = %d, want 2", got)
	}
	h.Set("X-Tag", "3")
	h.Add("Accept", "b")
	h.Del("host")
	want := exchange.Header{{Name: "Accept", Value: "a"}, {Name: "X-Tag", Value: "3"}, {Name: "Accept", Value: "b"}}
	if diff := cmp.Diff(want, h); diff != "" {
		t.Errorf("after Set, Add and Del (-want +got):\n%s", diff)
	}
}

// FuzzHeader runs a program of changes on a Header and on net/http's, and compares what they hold.
func FuzzHeader(f *testing.F) {
	f.Add("aX1 aX2 sx3 aY1 dX aX4")
	f.Add("sA1 sa2 dB aB1 dA")
	f.Fuzz(func(t *testing.T, program string) {
		var h exchange.Header
		model := http.Header{}
		for step := range strings.FieldsSeq(program) {
			if len(step) < 2 {
				continue
			}
			name, value := "X-"+strings.ToUpper(step[1:2]), step[2:]
			spelled := "x-" + step[1:2]
			if strings.TrimLeft(name[2:], "ABCXYZ") != "" {
				continue
			}
			switch step[0] {
			case 'a':
				h.Add(spelled, value)
				model.Add(name, value)
			case 's':
				h.Set(spelled, value)
				model.Set(name, value)
			case 'd':
				h.Del(spelled)
				model.Del(name)
			}
		}
		got := http.Header{}
		for _, field := range h {
			got[http.CanonicalHeaderKey(field.Name)] = append(got[http.CanonicalHeaderKey(field.Name)], field.Value)
		}
		if diff := cmp.Diff(model, got); diff != "" {
			t.Fatalf("%q (-want +got):\n%s", program, diff)
		}
		for name, values := range model {
			if h.Get(name) != values[0] || h.Count(name) != len(values) {
				t.Fatalf("%q: Get(%s) = %q, Count = %d, want %q", program, name, h.Get(name), h.Count(name), values)
			}
		}
	})
}

func TestEqualFoldIsASCIIOnly(t *testing.T) {
	tests := []struct {
		a, b string
		want bool
	}{
		{"", "", true}, {"Host", "hOST", true}, {"Host", "Hos", false}, {"k", "\u212a", false}, {"[", "{", false},
	}
	for _, test := range tests {
		if got := exchange.EqualFold(test.a, test.b); got != test.want {
			t.Errorf("EqualFold(%q, %q) = %v", test.a, test.b, got)
		}
	}
}
