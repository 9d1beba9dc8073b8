package schema_test

import (
	"testing"

	"gwc.dev/schema"
)

func TestParseNetwork(t *testing.T) {
	for text, want := range map[string]string{
		"10.0.0.7": "10.0.0.7/32", "10.1.2.3/8": "10.0.0.0/8", "::1": "::1/128", "fd00::1/8": "fd00::/8", "0.0.0.0/0": "0.0.0.0/0",
		"::ffff:10.0.0.7": "10.0.0.7/32",
		"":                "", "proxy.example.com": "", "fe80::1%eth0": "", "fe80::%eth0/64": "", "10.0.0.0/33": "", "10.0.0.0/08": "", "::ffff:10.0.0.0/104": "",
	} {
		got, err := schema.ParseNetwork(text)
		if err != nil && want != "" || err == nil && got.String() != want {
			t.Errorf("ParseNetwork(%q) = %v, %v, want %q", text, got, err, want)
		}
	}
}
