package archive_test

import (
	"bytes"
	"compress/gzip"
	"io"
	"math/rand/v2"
	"strings"
	"testing"

	"gwc.dev/schema/bundle/archive"
)

// inflate reads the tar of an archive with the standard library, which knows nothing of our compressor.
func inflate(t *testing.T, packed []byte) []byte {
	t.Helper()
	z, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		t.Fatal(err)
	}
	out, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func corpus() map[string][]byte {
	random := rand.New(rand.NewPCG(1, 2))
	noise := make([]byte, 100_000)
	for i := range noise {
		noise[i] = byte(random.Uint32())
	}
	far := bytes.Clone(noise[:40_000])
	copy(far[35_000:], far[:5_000]) // repeats from before the window
	edge := bytes.Clone(noise[:40_000])
	copy(edge[32<<10:], edge[:300]) // repeats from the window's first byte
	return map[string][]byte{
		"empty":        nil,
		"one byte":     {0},
		"three bytes":  []byte("abc"),
		"all bytes":    noise[:1000],
		"one run":      bytes.Repeat([]byte{'a'}, 70_000),
		"run of 258":   append([]byte("x"), bytes.Repeat([]byte{'a'}, 259)...),
		"run of 257":   append([]byte("x"), bytes.Repeat([]byte{'a'}, 258)...),
		"noise":        noise,
		"beyond":       far,
		"window's rim": edge,
		"json":         []byte(strings.Repeat(`{"match":{"path":{"prefix":"/echo"}},"backends":{"echo":{"weight":90}}},`, 2000)),
	}
}

func TestWhatIsPackedInflates(t *testing.T) {
	for name, data := range corpus() {
		t.Run(name, func(t *testing.T) {
			packed, err := archive.Pack([]archive.File{{Name: "f", Data: data}})
			if err != nil {
				t.Fatal(err)
			}
			body := inflate(t, packed)
			if got := body[512 : 512+len(data)]; !bytes.Equal(got, data) {
				t.Fatalf("%d bytes came back changed", len(data))
			}
		})
	}
}

func TestRepetitiveTextPacksWell(t *testing.T) {
	data := corpus()["json"]
	packed, err := archive.Pack([]archive.File{{Name: "f", Data: data}})
	if err != nil {
		t.Fatal(err)
	}
	if len(packed) > len(data)/20 {
		t.Errorf("%d bytes of repetition packed to %d", len(data), len(packed))
	}
}

func FuzzDeflate(f *testing.F) {
	for _, data := range corpus() {
		f.Add(data[:min(len(data), 4096)])
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		packed, err := archive.Pack([]archive.File{{Name: "f", Data: data}})
		if err != nil {
			t.Fatal(err)
		}
		body := inflate(t, packed)
		if got := body[512 : 512+len(data)]; !bytes.Equal(got, data) {
			t.Fatalf("%q came back as %q", data, got)
		}
	})
}

func BenchmarkPack(b *testing.B) {
	files := []archive.File{{Name: "f", Data: bytes.Repeat(corpus()["json"], 8)}}
	b.SetBytes(int64(len(files[0].Data)))
	for b.Loop() {
		if _, err := archive.Pack(files); err != nil {
			b.Fatal(err)
		}
	}
}
