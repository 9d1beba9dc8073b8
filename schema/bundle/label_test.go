package bundle_test

import (
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gwc.dev/schema/bundle"
)

func TestALabelIsWhatABundleSaysOfItself(t *testing.T) {
	sealed := seal(t, contents(), nil)
	b, err := bundle.Inspect(sealed)
	if err != nil {
		t.Fatal(err)
	}
	broken := takeApart(t, sealed)
	broken["gateway.json"] = "{"
	full := bundle.Label{Revision: b.Revision, Environment: b.Environment, Serial: b.Serial, GitRevision: b.GitRevision}
	tests := map[string]struct {
		data []byte
		want bundle.Label
	}{
		"a bundle":              {sealed, full},
		"with a model of none":  {broken.pack(t), full},
		"cut off":               {sealed[:40], bundle.Label{}},
		"no archive":            {[]byte("hello"), bundle.Label{}},
		"empty":                 {nil, bundle.Label{}},
		"another archive":       {zip(t, tarOf(t, parts{"README": "hello"})), bundle.Label{}},
		"a manifest of a bomb":  {zip(t, tarOf(t, parts{"manifest.json": strings.Repeat(" ", 1<<20)})), bundle.Label{}},
		"a manifest of garbage": {zip(t, tarOf(t, parts{"manifest.json": "]"})), bundle.Label{}},
	}
	for name, test := range tests {
		if diff := cmp.Diff(test.want, bundle.ReadLabel(test.data)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// What nobody has signed is looked at and not decoded: a model of many empty objects takes a hundred times its size
// in memory.
func TestARefusedBundleIsNotDecoded(t *testing.T) {
	p := takeApart(t, seal(t, contents(), nil))
	p["gateway.json"] = `{"apis":{"a":{}` + strings.Repeat(`,"a":{}`, 1_000_000) + `}}`
	p.bind(t, "gateway.json")
	data := p.pack(t)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if _, err := bundle.Open(data, trusting(ecdsaKey(t, 1))); bundle.Reason(err) != "unsigned" {
		t.Errorf("refused with %v", err)
	}
	if bundle.ReadLabel(data).Revision == "" {
		t.Error("the bundle has no label")
	}
	runtime.ReadMemStats(&after)
	if used, most := after.TotalAlloc-before.TotalAlloc, uint64(10*len(p["gateway.json"])); used > most {
		t.Errorf("%d bytes were allocated, more than %d", used, most)
	}
}
