package schema_test

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gwc.dev/schema"
)

func TestPath(t *testing.T) {
	for _, tt := range []struct {
		names []string
		want  schema.Path
	}{
		{nil, ""},
		{[]string{"apis", "echo", "timeout"}, "apis.echo.timeout"},
		{[]string{"a-b", "c_d", "$e", "0"}, "a-b.c_d.$e.0"},
		{[]string{"set", "x.y"}, `set."x.y"`},
		{[]string{"", "a b", `q"uote`}, `""."a b"."q\"uote"`},
		{[]string{"größe"}, `"größe"`},
	} {
		got := schema.NewPath(tt.names...)
		if got != tt.want {
			t.Errorf("NewPath(%q) = %s, want %s", tt.names, got, tt.want)
		}
		if diff := cmp.Diff(tt.names, got.Names()); diff != "" {
			t.Errorf("names of %s (-want +got):\n%s", got, diff)
		}
	}
	if got, want := schema.Path("apis").Join("a.b").Index(3), schema.Path(`apis."a.b".3`); got != want {
		t.Errorf("Join and Index = %s, want %s", got, want)
	}
	for p, want := range map[schema.Path]schema.Path{"": "", "a": "", "a.b": "a", `a."b.c"`: "a", `a."b.c".d`: `a."b.c"`} {
		if got := p.Parent(); got != want {
			t.Errorf("Parent of %s = %s, want %s", p, got, want)
		}
	}
}

func FuzzPath(f *testing.F) {
	f.Add("a", "b.c", `"`)
	f.Add("", "\xff", "\n")
	f.Fuzz(func(t *testing.T, a, b, c string) {
		names := []string{a, b, c}
		for i, n := range names {
			names[i] = strings.ToValidUTF8(n, "?")
		}
		if got := schema.NewPath(names...).Names(); !slices.Equal(got, names) {
			t.Errorf("names of %s are %q, want %q", schema.NewPath(names...), got, names)
		}
		schema.Path(a).Names()
		schema.Path(a).Parent()
	})
}

func TestDurationHasOneForm(t *testing.T) {
	for text, want := range map[string]string{
		"0s": "0s", "500ms": "500ms", "1000ms": "1s", "60s": "1m", "1m0s": "1m", "90s": "1m30s", "60m": "1h",
		"1h0m0s": "1h", "1h0m5s": "1h0m5s", "3600s": "1h", "24h": "24h", "1.5h": "1h30m", "10m": "10m", "20s": "20s",
		"100h": "100h", "1us": "1µs",
	} {
		var d schema.Duration
		if err := d.UnmarshalText([]byte(text)); err != nil {
			t.Fatal(err)
		}
		if d.String() != want {
			t.Errorf("%s is written %s, want %s", text, d, want)
		}
	}
	for _, text := range []string{"", "5", "-1s", "1 s", "1d", "x"} {
		var d schema.Duration
		if err := d.UnmarshalText([]byte(text)); err == nil {
			t.Errorf("%q is taken, as %s", text, d)
		}
	}
}

func FuzzDuration(f *testing.F) {
	f.Add(int64(time.Hour))
	f.Add(int64(61 * time.Second))
	f.Fuzz(func(t *testing.T, n int64) {
		if n < 0 {
			return
		}
		var got schema.Duration
		if err := got.UnmarshalText([]byte(schema.Duration(n).String())); err != nil || got != schema.Duration(n) {
			t.Errorf("%d is read back as %d, %v", n, got, err)
		}
	})
}

const model = `{
	"environment": "production",
	"listeners": {"http": {"port": 8080}},
	"timeout": "60s",
	"apis": {"echo": {
		"auth": {"jwt": {"issuer": "i", "jwks": {"inline": {"keys": [], "a": 1.50}}, "requiredClaims": {"n": 12345678901234567890}}},
		"rateLimit": {"disabled": true, "perMinute": {"requests": 5, "per": "minute", "by": "ip"}},
		"routes": {"default": {
			"match": {"headers": {"x": {"exact": ""}, "y": {"present": false}}},
			"respond": {"status": 200, "body": "<a href=\"x\">&"},
			"backends": {"echo": {"weight": 0}, "other": {}}
		}}
	}}
}`

func TestEncodeIsCanonical(t *testing.T) {
	g, err := schema.Decode([]byte(model))
	if err != nil {
		t.Fatal(err)
	}
	first, err := g.Encode()
	if err != nil {
		t.Fatal(err)
	}
	again, err := schema.Decode(first)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(g, again); diff != "" {
		t.Errorf("decoded again (-first +again):\n%s", diff)
	}
	second, err := again.Encode()
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(first, second) {
		t.Errorf("encoded again:\n%s\n%s", first, second)
	}
	for _, want := range []string{
		`"timeout":"1m"`, `<a href=\"x\">&`, `"echo":{"weight":0},"other":{"weight":1}`, `{"a":1.50,"keys":[]}`,
		`"n":12345678901234567890`, `"x":{"exact":""}`, `"y":{"present":false}`, `"rateLimit":{"disabled":true,"perMinute":{`,
	} {
		if !bytes.Contains(first, []byte(want)) {
			t.Errorf("%s lacks %s", first, want)
		}
	}
}

func TestDecodeRefuses(t *testing.T) {
	for title, data := range map[string]string{
		"nothing":                     "",
		"an unknown field":            `{"environment": "x", "environmnt": "y"}`,
		"an unknown field of a route": `{"apis": {"a": {"routes": {"r": {"tiemout": "1s"}}}}}`,
		"of a window":                 `{"apis": {"a": {"rateLimit": {"w": {"request": 5}}}}}`,
		"of a backend":                `{"apis": {"a": {"routes": {"r": {"backends": {"b": {"wight": 1}}}}}}}`,
		"of an endpoint":              `{"upstreams": {"a": {"endpoints": {"e": {"prot": 1}}}}}`,
		"a wrong type":                `{"listeners": {"http": {"port": "80"}}}`,
		"a negative duration":         `{"timeout": "-5s"}`,
		"a second model":              `{} {}`,
		"a list":                      `[]`,
	} {
		if g, err := schema.Decode([]byte(data)); err == nil {
			t.Errorf("%s: taken, as %+v", title, g)
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte(model))
	f.Add([]byte(`{"apis": {"a": {"rateLimit": {"w": {}}}}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		g, err := schema.Decode(data)
		if err != nil {
			return
		}
		first, err := g.Encode()
		if err != nil {
			t.Fatalf("what was decoded cannot be encoded: %v", err)
		}
		again, err := schema.Decode(first)
		if err != nil {
			t.Fatalf("what was encoded cannot be decoded: %v", err)
		}
		second, err := again.Encode()
		if err != nil || !bytes.Equal(first, second) {
			t.Errorf("encoded again (%v):\n%s\n%s", err, first, second)
		}
		if _, err := g.Resolve().Encode(); err != nil {
			t.Errorf("resolved: %v", err)
		}
	})
}

func TestJSONIsCanonical(t *testing.T) {
	for text, want := range map[string]string{
		`{ "b": 1, "a": [ 1.0, "x<y" ] }`: `{"a":[1.0,"x<y"],"b":1}`,
		`null`:                            `null`,
		` 12345678901234567890 `:          `12345678901234567890`,
	} {
		var j schema.JSON
		if err := json.Unmarshal([]byte(text), &j); err != nil {
			t.Fatal(err)
		}
		if string(j) != want {
			t.Errorf("%s is kept as %s, want %s", text, j, want)
		}
	}
	if out, err := json.Marshal(schema.JSON(nil)); err != nil || string(out) != "null" {
		t.Errorf("no value is written %s, %v", out, err)
	}
}
