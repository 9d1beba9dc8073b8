package http2_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gwc.dev/runtime/exchange"
	"gwc.dev/runtime/http1"
	"gwc.dev/runtime/http2"
)

// echo sends the request's body back as it comes, and its trailer fields with it.
func echo(w http.ResponseWriter, r *http.Request) {
	w.WriteHeader(200)
	control := http.NewResponseController(w)
	_ = control.Flush()
	buffer := make([]byte, 1024)
	for {
		n, err := r.Body.Read(buffer)
		_, _ = w.Write(buffer[:n])
		_ = control.Flush()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			panic(http.ErrAbortHandler)
		}
	}
	for name, values := range r.Trailer {
		w.Header()[http.TrailerPrefix+name] = values
	}
}

// Both sides talk at the same time, piece by piece, through a server and an endpoint; trailer fields go both ways.
func TestBidirectionalStream(t *testing.T) {
	bothWays(t, echo, func(t *testing.T, e *http2.Endpoint) {
		_, address := serve(t, pass(e, http1.CallOptions{}), http2.Options{})
		source, feed := io.Pipe()
		r, err := http.NewRequestWithContext(t.Context(), "POST", "http://"+address+"/", source)
		if err != nil {
			t.Fatal(err)
		}
		r.Trailer = http.Header{"X-Sum": nil}
		answer, err := browser(t).Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		buffer := make([]byte, 10)
		for i := range 20 {
			message := fmt.Sprintf("message %2d", i)
			if _, err := io.WriteString(feed, message); err != nil {
				t.Fatal(err)
			}
			if _, err := io.ReadFull(answer.Body, buffer); err != nil || string(buffer) != message {
				t.Fatalf("%q %v, want %q", buffer, err, message)
			}
		}
		r.Trailer.Set("X-Sum", "sum")
		feed.Close()
		if rest, err := io.ReadAll(answer.Body); len(rest) > 0 || err != nil {
			t.Errorf("%q %v", rest, err)
		}
		if diff := cmp.Diff("X-Sum: sum\n", headerText(answer.Trailer)); diff != "" {
			t.Errorf("the trailer (-want +got):\n%s", diff)
		}
	})
}

// The backend ends its answer while the client still sends: the stream ends, and its connection goes on.
func TestAnswerEndsBeforeTheRequest(t *testing.T) {
	behind := backend(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = r.Body.Read(make([]byte, 4))
		_, _ = io.WriteString(w, "enough")
	})
	_, address := serve(t, pass(endpoint(t, behind.Listener.Addr().String()), http1.CallOptions{}), http2.Options{})
	client := browser(t)
	for range 3 {
		source, feed := io.Pipe()
		go io.WriteString(feed, "part") //nolint:errcheck // the rest of the test shows it
		answer, err := client.Post("http://"+address+"/", "text/plain", source)
		want := "200 6\nContent-Length: 6\nContent-Type: text/plain; charset=utf-8\nenough <nil>\n"
		if diff := cmp.Diff(want, answerText(answer, err)); diff != "" {
			t.Fatalf("(-want +got):\n%s", diff)
		}
		feed.Close()
	}
}

// A front1 is a handler of HTTP/1.1 before an endpoint of HTTP/2.
type front1 struct{ endpoint *http2.Endpoint }

func (f front1) ServeExchange(c *http1.Conn, x *exchange.Exchange) {
	o := http1.CallOptions{Client: c, Trailers: c.Meta().Trailers, Announce: c.Meta().Trailer}
	if body, ok := x.Request.Body.(*http1.Body); ok {
		o.Trailer = body
	}
	call, err := f.endpoint.Call(x, o)
	if err != nil {
		x.Fail(502, "failed", "")
		_ = c.Respond(x, nil)
		return
	}
	defer call.Close()
	_ = c.Respond(x, call)
}

func (f front1) Refuse(_ *http1.Conn, x *exchange.Exchange, e *http1.Error) {
	x.Fail(e.Status, e.Reason, "")
}

// serve1 serves with HTTP/1.1.
func serve1(t testing.TB, h http1.Handler) string {
	t.Helper()
	s, ln := http1.NewServer(h, http1.Options{}), listen(t)
	done := make(chan error)
	go func() { done <- s.Serve(ln) }()
	t.Cleanup(func() {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		s.Shutdown(ctx)
		<-done
	})
	return ln.Addr().String()
}

func TestClientsOfHTTP1(t *testing.T) {
	arrived, gone := make(chan struct{}), make(chan struct{})
	behind := backend(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/echo":
			echo(w, r)
		case "/early":
			w.Header().Set("Link", "</a>")
			w.WriteHeader(103)
			w.Header().Del("Link")
			_, _ = io.WriteString(w, "late")
		case "/refused":
			w.WriteHeader(413)
		default:
			arrived <- struct{}{}
			<-r.Context().Done()
			close(gone)
		}
	})
	address := serve1(t, front1{endpoint(t, behind.Listener.Addr().String())})
	client := &http.Client{Transport: &http.Transport{DisableCompression: true}, Timeout: 20 * time.Second}
	t.Cleanup(client.CloseIdleConnections)

	parts := io.MultiReader(strings.NewReader("hel"), strings.NewReader("lo"))
	r, err := http.NewRequestWithContext(t.Context(), "POST", "http://"+address+"/echo", parts)
	if err != nil {
		t.Fatal(err)
	}
	r.Trailer, r.Header["Te"] = http.Header{"X-Sum": {"sum"}}, []string{"trailers"}
	if got := answerText(client.Do(r)); got != "200 -1\nhello <nil>\nX-Sum: sum\n" {
		t.Errorf("echo: %s", got)
	}

	seen, answer := withInterims(t, client, "http://"+address+"/early")
	if diff := cmp.Diff([]string{"103 Link: </a>\n"}, seen); diff != "" || !strings.HasSuffix(answer, "late <nil>\n") {
		t.Errorf("%q, interim responses (-want +got):\n%s", answer, diff)
	}

	source, feed := io.Pipe() // never ends by itself
	refused, err := client.Post("http://"+address+"/refused", "text/plain", source)
	if err != nil {
		t.Fatal(err)
	}
	if refused.Body.Close(); refused.StatusCode != 413 {
		t.Errorf("status %d", refused.StatusCode)
	}
	feed.Close()

	ctx, leave := context.WithCancel(t.Context())
	r, err = http.NewRequestWithContext(ctx, "GET", "http://"+address+"/wait", nil)
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan string)
	go func() { ended <- answerText(client.Do(r)) }()
	await(t, "the request", arrived)
	leave()
	await(t, "the backend's end", gone)
	await(t, "the client's end", ended)
}

// Many clients call through one server and endpoint while the backend is killed and comes back. Every answer that
// comes is whole and its own; what fails, fails.
func TestManyCallsOfABackendThatComesAndGoes(t *testing.T) {
	var current atomic.Pointer[httptest.Server]
	start := func() {
		s := httptest.NewUnstartedServer(http.HandlerFunc(echo))
		s.Config.Protocols = &http.Protocols{}
		s.Config.Protocols.SetUnencryptedHTTP2(true)
		s.Start()
		current.Store(s)
	}
	start()
	t.Cleanup(func() { current.Load().Close() })
	e := http2.NewEndpoint(http2.EndpointOptions{Dial: func(ctx context.Context) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "tcp", current.Load().Listener.Addr().String())
	}})
	t.Cleanup(e.Close)
	_, address := serve(t, pass(e, http1.CallOptions{Timeout: 10 * time.Second}), http2.Options{})
	client := browser(t)
	var whole, failed atomic.Int64
	var all sync.WaitGroup
	for i := range 50 {
		all.Go(func() {
			for j := range 20 {
				body := strings.Repeat(fmt.Sprintf("%d of %d ", j, i), 1+50*(j%7))
				r, err := client.Post("http://"+address+"/", "text/plain", strings.NewReader(body))
				if err != nil {
					failed.Add(1)
					continue
				}
				got, err := io.ReadAll(r.Body)
				r.Body.Close()
				switch {
				case err != nil || r.StatusCode == 502:
					failed.Add(1)
				case r.StatusCode != 200 || string(got) != body:
					t.Errorf("%d %q, want %q", r.StatusCode, got, body)
				default:
					whole.Add(1)
				}
				if i == 0 && j%5 == 4 {
					old := current.Load()
					start()
					old.CloseClientConnections()
					old.Close()
				}
			}
		})
	}
	all.Wait()
	if status, body := post(t, client, "http://"+address+"/", "again"); status != 200 || body != "again" {
		t.Errorf("in the end: %d %q", status, body)
	}
	if whole.Load() == 0 {
		t.Errorf("no call had an answer, %d failed", failed.Load())
	}
}

func post(t testing.TB, c *http.Client, url, body string) (int, string) {
	t.Helper()
	r, err := c.Post(url, "text/plain", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	got, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return r.StatusCode, string(got)
}
