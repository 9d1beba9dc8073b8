package exchange_test

import (
	"net/url"
	"strings"
	"testing"

	"gwc.dev/runtime/exchange"
)

func TestLookupQuery(t *testing.T) {
	tests := []struct {
		query, name, want string
		ok                bool
	}{
		{"a=1&b=2", "b", "2", true},
		{"a=1&a=2", "a", "1", true},
		{"a", "a", "", true},
		{"a=", "a", "", true},
		{"", "a", "", false},
		{"&&", "", "", false},
		{"=x", "", "x", true},
		{"%61=%20+x", "a", "  x", true},
		{"a+b=c", "a b", "c", true},
		{"a=%zz%4", "a", "%zz%4", true},
		{"a=b=c", "a", "b=c", true},
		{"ab=1", "a", "", false},
		{"a=1;b=2", "b", "", false},
	}
	for _, test := range tests {
		got, ok := exchange.LookupQuery(test.query, test.name)
		if got != test.want || ok != test.ok {
			t.Errorf("LookupQuery(%q, %q) = %q, %v, want %q, %v", test.query, test.name, got, ok, test.want, test.ok)
		}
	}
}

func TestDeleteQuery(t *testing.T) {
	tests := []struct{ query, name, want string }{
		{"a=1&key=s&b=%32", "key", "a=1&b=%32"},
		{"key=1&k%65y=2", "key", ""},
		{"a=1&&b", "key", "a=1&&b"},
		{"a&&key", "key", "a&"},
	}
	for _, test := range tests {
		if got := exchange.DeleteQuery(test.query, test.name); got != test.want {
			t.Errorf("DeleteQuery(%q, %q) = %q, want %q", test.query, test.name, got, test.want)
		}
	}
}

// FuzzQuery compares with net/url, as far as that takes the query.
func FuzzQuery(f *testing.F) {
	f.Add("a=1&b=%20&a=2", "a")
	f.Add("&=&%61+=x", "a ")
	f.Fuzz(func(t *testing.T, query, name string) {
		got, ok := exchange.LookupQuery(query, name)
		if _, still := exchange.LookupQuery(exchange.DeleteQuery(query, name), name); still {
			t.Fatalf("DeleteQuery(%q, %q) left the parameter", query, name)
		}
		values, err := url.ParseQuery(query)
		if err != nil || strings.Contains(query, ";") {
			return
		}
		want, there := values[name]
		if ok != there || ok && got != want[0] {
			t.Fatalf("LookupQuery(%q, %q) = %q, %v, want %q", query, name, got, ok, want)
		}
	})
}
