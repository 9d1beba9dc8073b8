package http1_test

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"gwc.dev/runtime/exchange"
	"gwc.dev/runtime/http1"
)

// A reading is what a parser made of one message.
type reading struct {
	Start           string // method, host and target, or the status
	Header, Trailer []string
	Body            string
}

// fields lists a header for comparison: sorted by name, with the order of equal names kept.
func fields(h exchange.Header) []string {
	out := []string{}
	for _, f := range h {
		out = append(out, http.CanonicalHeaderKey(f.Name)+": "+f.Value)
	}
	slices.SortStableFunc(out, byName)
	return out
}

func byName(a, b string) int {
	a, _, _ = strings.Cut(a, ":")
	b, _, _ = strings.Cut(b, ":")
	return strings.Compare(a, b)
}

// hopByHop are the fields that the engine keeps for itself.
var hopByHop = []string{"Connection", "Content-Length", "Keep-Alive", "Proxy-Authenticate", "Proxy-Authorization",
	"Proxy-Connection", "Te", "Trailer", "Transfer-Encoding", "Upgrade", "Host", "Expect"}

// foreign lists a header of net/http for comparison, without the connection's fields.
func foreign(h http.Header) []string {
	named := strings.Split(strings.Join(h["Connection"], ","), ",")
	var list exchange.Header
	for name, values := range h {
		if slices.Contains(hopByHop, name) || slices.ContainsFunc(named, func(n string) bool {
			return strings.EqualFold(strings.Trim(n, " \t"), name)
		}) {
			continue
		}
		for _, v := range values {
			list.Add(name, v)
		}
	}
	return fields(list)
}

// ours reads the first request of data with the engine; false: it is refused.
func ours(src io.Reader) (reading, *http1.Meta, exchange.Request, bool) {
	r := http1.NewReader(src, http1.Limits{}, nil)
	var x exchange.Request
	m := &http1.Meta{}
	if r.ReadRequest(&x, m) != nil {
		return reading{}, m, x, false
	}
	out := reading{Start: x.Method + " " + x.Authority + " " + target(&x), Header: fields(x.Header), Trailer: []string{}}
	if x.Body == nil {
		return out, m, x, true
	}
	body, err := io.ReadAll(x.Body)
	out.Body, out.Trailer = string(body), fields(x.Body.(*http1.Body).Trailer())
	return out, m, x, err == nil
}

// theirs reads it with net/http.
func theirs(data []byte) (reading, error) {
	r, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(bytes.TrimPrefix(data, []byte("\r\n")))))
	if err != nil {
		return reading{}, err
	}
	target := r.URL.RequestURI()
	if strings.HasPrefix(r.RequestURI, "/") || r.RequestURI == "*" {
		target = strings.TrimSuffix(r.RequestURI, "?")
	} else if at := strings.IndexAny(r.RequestURI[len("https://"):], "/?"); at >= 0 {
		target = strings.TrimSuffix(r.RequestURI[len("https://")+at:], "?")
		if !strings.HasPrefix(target, "/") {
			target = "/" + target
		}
	}
	body, err := io.ReadAll(r.Body)
	return reading{
		Start: r.Method + " " + r.Host + " " + target, Header: foreign(r.Header), Trailer: foreign(r.Trailer), Body: string(body),
	}, err
}

// FuzzRequest holds that a request which the engine takes reads the same to net/http, byte by byte, and after the
// engine has written it.
func FuzzRequest(f *testing.F) {
	for _, file := range []string{"request-line.txt", "target.txt", "field.txt", "framing.txt", "chunk.txt"} {
		for _, c := range readCorpus(f, file) {
			f.Add(c.input)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		want, _, x, ok := ours(bytes.NewReader(data))
		slow, _, _, slowOK := ours(iotest.OneByteReader(bytes.NewReader(data)))
		if diff := cmp.Diff(want, slow); diff != "" || ok != slowOK {
			t.Fatalf("byte by byte (-whole +bytes): %v %v\n%s", ok, slowOK, diff)
		}
		if !ok {
			return
		}
		got, err := theirs(data)
		var notURL *url.Error
		if errors.As(err, &notURL) || err == nil && strings.Contains(x.Path, "%") { // escapes are the router's to judge
			err, got.Start = nil, want.Start
		}
		if diff := cmp.Diff(want, got); err != nil || diff != "" && got.Header != nil {
			t.Fatalf("net/http: %v (-engine +net/http):\n%s", err, diff)
		}
		again, _, _, ok := ours(bytes.NewReader(rewritten(t, data)))
		if diff := cmp.Diff(want, again); !ok || diff != "" {
			t.Fatalf("written anew: %v (-want +got):\n%s", ok, diff)
		}
	})
}

// rewritten reads a request and writes it again.
func rewritten(t *testing.T, data []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	r, w := http1.NewReader(bytes.NewReader(data), http1.Limits{}, nil), http1.NewWriter(&out, nil)
	var x exchange.Request
	var m http1.Meta
	if err := r.ReadRequest(&x, &m); err != nil {
		t.Fatal(err)
	}
	if x.Authority == "" {
		x.Authority = "none"
	}
	m.Minor = 1
	if err := w.WriteRequest(&x, &m); err != nil {
		t.Fatal(err)
	}
	if x.Body != nil {
		if err := w.WriteBody(x.Body, x.Length, &m, x.Body.(*http1.Body)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	if x.Authority == "none" {
		return bytes.Replace(out.Bytes(), []byte("HTTP/1.1\r\nHost: none"), []byte("HTTP/1.0"), 1)
	}
	return out.Bytes()
}

// FuzzResponse is FuzzRequest for responses.
func FuzzResponse(f *testing.F) {
	for _, c := range readCorpus(f, "response.txt") {
		f.Add(c.method == "HEAD", c.input)
	}
	f.Fuzz(func(t *testing.T, head bool, data []byte) {
		method := http.MethodGet
		if head {
			method = http.MethodHead
		}
		want, out, ok := ourResponse(method, data)
		if !ok {
			return
		}
		got, err := theirResponse(method, data)
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Fatalf("net/http: %v (-engine +net/http):\n%s", err, diff)
		}
		again, _, ok := ourResponse(method, out)
		if diff := cmp.Diff(want, again); !ok || diff != "" {
			t.Fatalf("written anew as %q: %v (-want +got):\n%s", out, ok, diff)
		}
	})
}

// ourResponse reads a response with the engine and writes it again.
func ourResponse(method string, data []byte) (reading, []byte, bool) {
	var out bytes.Buffer
	r, w := http1.NewReader(bytes.NewReader(data), http1.Limits{}, nil), http1.NewWriter(&out, nil)
	var x exchange.Response
	m := &http1.Meta{}
	if r.ReadResponse(method, &x, m) != nil {
		return reading{}, nil, false
	}
	got := reading{Start: http.StatusText(x.Status), Header: fields(x.Header), Trailer: []string{}}
	if w.WriteResponse(method, &x, &http1.Meta{Minor: 1, Close: m.Close}, "") != nil {
		return reading{}, nil, false
	}
	if x.Body != nil {
		body, err := io.ReadAll(x.Body)
		got.Body, got.Trailer = string(body), fields(x.Body.(*http1.Body).Trailer())
		if err != nil {
			return reading{}, nil, false
		}
		m := &http1.Meta{Minor: 1, Chunked: x.Length < 0}
		if w.WriteBody(bytes.NewReader(body), x.Length, m, x.Body.(*http1.Body)) != nil {
			return reading{}, nil, false
		}
	}
	err := w.Flush()
	return got, out.Bytes(), err == nil
}

func theirResponse(method string, data []byte) (reading, error) {
	r, err := http.ReadResponse(bufio.NewReader(bytes.NewReader(data)), &http.Request{Method: method})
	if err != nil {
		return reading{}, err
	}
	defer r.Body.Close()
	body, err := io.ReadAll(r.Body)
	return reading{http.StatusText(r.StatusCode), foreign(r.Header), foreign(r.Trailer), string(body)}, err
}
