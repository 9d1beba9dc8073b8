package http2_test

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/net/http2/hpack"

	"gwc.dev/runtime/exchange"
	"gwc.dev/runtime/http2"
)

// randomHeader returns fields of names and values that come again, once, or are too long for a table.
func randomHeader(r *rand.Rand) exchange.Header {
	names := []string{"X-Tag", "x-tag", "server", "set-cookie", "X-Request-Id", "content-type", "x-long"}
	var h exchange.Header
	for range r.IntN(8) {
		value := strconv.Itoa(r.IntN(4))
		switch r.IntN(8) {
		case 0:
			value = strings.Repeat(value, r.IntN(1200))
		case 1:
			value = strconv.Itoa(r.Int())
		case 2:
			value = strings.Repeat(value, 20_000) // more than a frame
		}
		h = append(h, exchange.Field{Name: names[r.IntN(len(names))], Value: value})
	}
	return h
}

// readHeader returns the fields of the next header on a stream, but for those that the server adds itself.
func (w *wire) readHeader(d *hpack.Decoder, stream uint32) (text string) {
	w.t.Helper()
	d.SetEmitFunc(func(f hpack.HeaderField) {
		if f.Name != ":status" && f.Name != "date" && f.Name != "content-length" {
			text += fmt.Sprintf("%s: %s\n", f.Name, f.Value)
		}
	})
	f := w.until(headersFrame, stream)
	for {
		if _, err := d.Write(f.payload); err != nil {
			w.t.Fatal(err)
		}
		if f.flags&endHeaders != 0 {
			break
		}
		f = w.until(continuationFrame, stream)
	}
	if err := d.Close(); err != nil {
		w.t.Fatal(err)
	}
	return text
}

// Another decoder reads what is said, with a table as large as it likes at the time.
func TestHeadersAreReadBack(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 541))
	var headers []exchange.Header
	for range 300 {
		headers = append(headers, randomHeader(r))
	}
	h := handle(func(s *http2.Stream, x *exchange.Exchange) {
		n, _ := strconv.Atoi(x.Request.Path[1:])
		x.Response.Status = 200
		x.Response.Header = append(x.Response.Header, headers[n]...)
		_ = s.Respond(x, nil)
	})
	_, address := serve(t, h, http2.Options{})
	w := dialWire(t, address)
	d := hpack.NewDecoder(4096, nil)
	for i, header := range headers {
		for range r.IntN(3) { // the last of them counts, but the least has to be told as well (RFC 7541, section 4.2)
			size := []uint32{0, 60, 200, 2000, 4096, 1 << 20}[r.IntN(6)]
			w.send(settingsFrame, 0, 0, setting(tableSizeSetting, size))
			for f, err := w.read(); f.kind != settingsFrame || f.flags&ack == 0; f, err = w.read() {
				if err != nil {
					t.Fatal(err)
				}
			}
			d.SetAllowedMaxDynamicTableSize(size)
			if size < 4096 {
				d.SetMaxDynamicTableSize(size)
			}
		}
		id := uint32(2*i + 1)
		w.send(headersFrame, endHeaders|endStream, id, getBlock("/"+strconv.Itoa(i)))
		want := ""
		for _, f := range header {
			want += fmt.Sprintf("%s: %s\n", strings.ToLower(f.Name), f.Value)
		}
		if diff := cmp.Diff(want, w.readHeader(d, id)); diff != "" {
			t.Fatalf("header %d (-want +got):\n%s", i, diff)
		}
	}
}
