package http2_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"gwc.dev/runtime/exchange"
	"gwc.dev/runtime/http1"
	"gwc.dev/runtime/http2"
)

// A trailer has the fields after a body, some of them announced.
type trailer struct {
	announced string
	fields    exchange.Header
}

func (t trailer) Announced() string        { return t.announced }
func (t trailer) Trailer() exchange.Header { return t.fields }

// headerText returns a header as sorted lines.
func headerText(h http.Header) string {
	var lines []string
	for name, values := range h {
		if name == "Date" {
			continue
		}
		for _, v := range values {
			lines = append(lines, name+": "+v+"\n")
		}
	}
	slices.Sort(lines)
	return strings.Join(lines, "")
}

func TestAnswers(t *testing.T) {
	field := func(name, value string) exchange.Field { return exchange.Field{Name: name, Value: value} }
	tests := []struct {
		name    string
		method  string // "": GET
		answer  exchange.Response
		trailer http1.Trailer
		want    string
		fails   bool // Respond does
	}{
		{name: "with a length", answer: exchange.Response{Status: 200, Length: 5, Body: strings.NewReader("hello"),
			Header: exchange.Header{field("content-type", "text/plain"), field("X-Tag", "1"), field("x-tag", "2"), field("Connection", "x"), field("Keep-Alive", "1")}},
			want: "200 5\nContent-Length: 5\nContent-Type: text/plain\nX-Tag: 1\nX-Tag: 2\nhello <nil>\n"},
		{name: "without a length", answer: exchange.Response{Status: 200, Length: -1, Body: iotest.OneByteReader(strings.NewReader("hello"))},
			want: "200 -1\nhello <nil>\n"},
		{name: "without a body", answer: exchange.Response{Status: 404}, want: "404 0\nContent-Length: 0\n <nil>\n"},
		{name: "of a long body", answer: exchange.Response{Status: 200, Length: -1, Body: strings.NewReader(strings.Repeat("x", 300_000))},
			want: "200 -1\n300000 bytes <nil>\n"},
		{name: "204", answer: exchange.Response{Status: 204, Length: 0}, want: "204 0\n <nil>\n"},
		{name: "304 with a length", answer: exchange.Response{Status: 304, Length: 5, Header: exchange.Header{field("Etag", "x")}},
			want: "304 0\nEtag: x\n <nil>\n"},
		{name: "to HEAD", method: "HEAD", answer: exchange.Response{Status: 200, Length: 5, Body: strings.NewReader("hello")},
			want: "200 5\nContent-Length: 5\n <nil>\n"},
		{name: "to HEAD of unknown length", method: "HEAD", answer: exchange.Response{Status: 200, Length: -1}, want: "200 -1\n <nil>\n"},
		{name: "length without a body", answer: exchange.Response{Status: 200, Length: 5}, want: "200 0\nContent-Length: 0\n <nil>\n"},
		{name: "announced trailer fields", answer: exchange.Response{Status: 200, Length: -1, Body: strings.NewReader("hello")},
			trailer: trailer{"X-A, X-B", exchange.Header{field("X-A", "1"), field("x-b", "2"), field("X-B", "3")}},
			want:    "200 -1\nannounced X-A X-B\nhello <nil>\nX-A: 1\nX-B: 2\nX-B: 3\n"},
		{name: "trailer fields that were not announced", answer: exchange.Response{Status: 200, Length: -1, Body: strings.NewReader("")},
			trailer: trailer{"", exchange.Header{field("grpc-status", "0"), field("Content-Length", "9")}},
			want:    "200 -1\n <nil>\nGrpc-Status: 0\n"},
		{name: "trailer fields after a length", answer: exchange.Response{Status: 200, Length: 5, Body: strings.NewReader("hello"), Header: exchange.Header{field("X-A", "0")}},
			trailer: trailer{"", exchange.Header{field("X-A", "1")}},
			want:    "200 5\nContent-Length: 5\nX-A: 0\nhello <nil>\nX-A: 1\n"},
		{name: "of a broken source", answer: exchange.Response{Status: 200, Length: -1, Body: io.MultiReader(strings.NewReader(strings.Repeat("x", 5000)), iotest.ErrReader(io.ErrClosedPipe))},
			want: "reset", fails: true},
		{name: "shorter than its length", answer: exchange.Response{Status: 200, Length: 6, Body: strings.NewReader("hello")}, want: "reset", fails: true},
		{name: "longer than its length", answer: exchange.Response{Status: 200, Length: 4, Body: strings.NewReader("hello")}, want: "reset", fails: true},
		{name: "longer than none", answer: exchange.Response{Status: 200, Length: 0, Body: strings.NewReader("hello")}, want: "reset", fails: true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			ended := make(chan error, 1)
			_, address := serve(t, handle(func(s *http2.Stream, x *exchange.Exchange) {
				x.Response = test.answer
				err := s.Respond(x, test.trailer)
				ended <- err
				if err != nil {
					panic(http.ErrAbortHandler)
				}
			}), http2.Options{})
			if test.method == "" {
				test.method = "GET"
			}
			r, err := http.NewRequestWithContext(t.Context(), test.method, "http://"+address+"/", nil)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, answerText(browser(t).Do(r))); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			err = await(t, "the answer's end", ended)
			if _, source := errors.AsType[*http1.SourceError](err); source != test.fails || err != nil != test.fails {
				t.Errorf("Respond: %v", err)
			}
		})
	}
}

// answerText returns an answer as text; "reset": it was cut off.
func answerText(r *http.Response, err error) string {
	if err != nil {
		return "reset"
	}
	defer r.Body.Close()
	var b strings.Builder
	fmt.Fprintf(&b, "%d %d\n%s", r.StatusCode, r.ContentLength, headerText(r.Header))
	if len(r.Trailer) > 0 {
		var announced []string
		for name := range r.Trailer {
			announced = append(announced, name)
		}
		slices.Sort(announced)
		fmt.Fprintf(&b, "announced %s\n", strings.Join(announced, " "))
	}
	body, err := io.ReadAll(r.Body)
	switch {
	case err != nil:
		return "reset"
	case len(body) > 100:
		fmt.Fprintf(&b, "%d bytes %v\n", len(body), err)
	default:
		fmt.Fprintf(&b, "%s %v\n", body, err)
	}
	b.WriteString(headerText(r.Trailer))
	return b.String()
}

func TestUnwritableAnswersLeaveRoomForAnother(t *testing.T) {
	for _, unwritable := range []exchange.Response{
		{Status: 99}, {Status: 101}, {Status: 1000},
		{Status: 200, Header: exchange.Header{{Name: "", Value: "x"}}},
		{Status: 200, Header: exchange.Header{{Name: "X A", Value: "x"}}},
		{Status: 200, Header: exchange.Header{{Name: "X-A", Value: "x\r\ny"}}},
		{Status: 200, Header: exchange.Header{{Name: "X-A", Value: "x\x01y"}}},
	} {
		refused := make(chan error, 1)
		_, address := serve(t, handle(func(s *http2.Stream, x *exchange.Exchange) {
			x.Response = unwritable
			refused <- s.Respond(x, nil)
			x.Answer(502, "text/plain", "another")
			_ = s.Respond(x, nil)
		}), http2.Options{})
		status, body := get(t, browser(t), "http://"+address+"/")
		if err := <-refused; !errors.Is(err, http1.ErrUnwritable) || status != 502 || body != "another" {
			t.Errorf("%v: %v, then %d %q", unwritable, err, status, body)
		}
	}
}

// What comes piece by piece goes out piece by piece, the header before the first.
func TestAnswersFlow(t *testing.T) {
	source, feed := io.Pipe()
	_, address := serve(t, handle(func(s *http2.Stream, x *exchange.Exchange) {
		x.Response = exchange.Response{Status: 200, Length: -1, Body: source}
		_ = s.Respond(x, nil)
	}), http2.Options{})
	r, err := browser(t).Get("http://" + address + "/")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	buffer := make([]byte, 100)
	for _, event := range []string{"one", "two", "three"} {
		if _, err := io.WriteString(feed, event); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(r.Body, buffer[:len(event)]); err != nil || string(buffer[:len(event)]) != event {
			t.Fatalf("%q %v, want %q", buffer[:len(event)], err, event)
		}
	}
	feed.Close()
	if n, err := r.Body.Read(buffer); n != 0 || !errors.Is(err, io.EOF) {
		t.Fatalf("%d bytes more, %v", n, err)
	}
}

// net/http keeps strings in the tables of a connection's header compression and writes headers at leisure; it must
// never see memory of the exchange.
func TestAnswersShareNoMemoryWithTheExchange(t *testing.T) {
	_, address := serve(t, handle(func(s *http2.Stream, x *exchange.Exchange) {
		memory := []byte("x-namevalue-of-ittrailer-value")
		name, value, after := view(memory[:6]), view(memory[6:17]), view(memory[17:])
		x.Response = exchange.Response{Status: 200, Length: -1, Body: strings.NewReader("hello"), Header: exchange.Header{{Name: name, Value: value}}}
		_ = s.Respond(x, trailer{"", exchange.Header{{Name: name, Value: after}}})
		for i := range memory {
			memory[i] = '!'
		}
	}), http2.Options{})
	client := browser(t)
	want := "200 -1\nX-Name: value-of-it\nhello <nil>\nX-Name: trailer-value\n"
	for range 3 { // from the second on, out of the table
		r, err := client.Get("http://" + address + "/")
		if diff := cmp.Diff(want, answerText(r, err)); diff != "" {
			t.Fatalf("(-want +got):\n%s", diff)
		}
	}
}

func TestInterimResponses(t *testing.T) {
	refused := make(chan error, 2)
	_, address := serve(t, handle(func(s *http2.Stream, x *exchange.Exchange) {
		_ = s.Inform(&exchange.Response{Status: 103, Header: exchange.Header{{Name: "Link", Value: "</a>"}}})
		refused <- s.Inform(&exchange.Response{Status: 200})
		refused <- s.Inform(&exchange.Response{Status: 103, Header: exchange.Header{{Name: "Link", Value: "a\nb"}}})
		x.Response.Status = 204
		_ = s.Respond(x, nil)
	}), http2.Options{})
	seen, answer := withInterims(t, browser(t), "http://"+address+"/")
	if diff := cmp.Diff([]string{"103 Link: </a>\n"}, seen); diff != "" || answer != "204 0\n <nil>\n" {
		t.Errorf("%q, then (-want +got):\n%s", answer, diff)
	}
	for range 2 {
		if err := <-refused; !errors.Is(err, http1.ErrUnwritable) {
			t.Errorf("Inform: %v", err)
		}
	}
}
