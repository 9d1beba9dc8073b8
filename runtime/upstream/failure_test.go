package upstream_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gwc.dev/runtime/exchange"
	"gwc.dev/runtime/http1"
	"gwc.dev/runtime/upstream"
	"gwc.dev/schema"
)

const shortly = 50 * time.Millisecond

func TestFailuresHaveReasons(t *testing.T) {
	silent := scripted(t, func(_ int, _ net.Conn, r *bufio.Reader) { _, _ = io.Copy(io.Discard, r) })
	stranger := httptest.NewUnstartedServer(http.NotFoundHandler())
	stranger.Config.ErrorLog = quiet
	stranger.StartTLS()
	t.Cleanup(stranger.Close)

	gone, leave := context.WithCancel(t.Context())
	time.AfterFunc(shortly, leave)
	left := &patient{}
	time.AfterFunc(shortly, left.interrupt.Fire)
	plain := func(address string, weight int) *schema.Gateway { return one(endpoint(t, address, weight)) }
	secure := func(address string) *schema.Gateway { return overTLS(plain(address, 1), schema.UpstreamTLS{}) }

	for name, test := range map[string]struct {
		ctx   context.Context
		model *schema.Gateway
		in    upstream.Request
		retry schema.Retry
		want  string
		calm  bool // nobody is told that the endpoint failed
	}{
		"nobody listens": {model: plain(closedPort(t), 1), want: upstream.ConnectFailure},
		"untrusted":      {model: secure(stranger.URL), want: upstream.TLS},
		"no answer":      {model: plain(silent, 1), in: upstream.Request{Timeout: shortly}, want: upstream.Timeout},
		"no answer in a try's time": {
			model: plain(silent, 1), retry: schema.Retry{PerTryTimeout: schema.Duration(shortly)}, want: upstream.Timeout,
		},
		"no connection": {model: secure(silent), in: upstream.Request{Timeout: shortly}, want: upstream.Timeout},
		"no connection in a try's time": {
			model: secure(silent), retry: schema.Retry{PerTryTimeout: schema.Duration(shortly)}, want: upstream.Timeout,
		},
		"the client goes": {
			model: plain(silent, 1), in: upstream.Request{Client: left}, want: upstream.ClientGone, calm: true,
		},
		"the client goes while a connection is made": {
			model: secure(silent), ctx: gone, want: upstream.ClientGone, calm: true,
		},
		"a request that makes no message": {
			model: plain(silent, 1), in: upstream.Request{Upgrade: "a\r\nb"}, want: upstream.Other,
		},
		"all weights are zero": {model: plain(silent, 0), want: upstream.NoEndpoint, calm: true},
	} {
		t.Run(name, func(t *testing.T) {
			if test.ctx == nil {
				test.ctx = t.Context()
			}
			watch := &counted{}
			_, _, got := fetch(only(t, test.model, &test.retry, watch), get(test.ctx), &test.in)
			if got != test.want {
				t.Errorf("the reason is %q, want %q", got, test.want)
			}
			var want []string
			if !test.calm {
				want = []string{test.want + " up"}
			}
			if diff := cmp.Diff(want, watch.events); diff != "" {
				t.Errorf("events (-want +got):\n%s", diff)
			}
		})
	}
}

// TestEndpointsFail has endpoints that fail in the ways there are, each after it has read a request's head.
func TestEndpointsFail(t *testing.T) {
	const (
		head    = "HTTP/1.1 200 OK\r\n"
		begun   = head + "Content-Length: 10\r\n\r\nhello"
		chunked = head + "Transfer-Encoding: chunked\r\n\r\n"
	)
	type outcome struct {
		Status       int
		Body, Reason string
	}
	say := func(text string) func(net.Conn, *bufio.Reader) {
		return func(c net.Conn, _ *bufio.Reader) { _, _ = io.WriteString(c, text) }
	}
	reset := func(text string) func(net.Conn, *bufio.Reader) {
		return func(c net.Conn, _ *bufio.Reader) {
			_, _ = io.WriteString(c, text)
			_ = c.(*net.TCPConn).SetLinger(0)
		}
	}
	stall := func(text string) func(net.Conn, *bufio.Reader) {
		return func(c net.Conn, r *bufio.Reader) {
			_, _ = io.WriteString(c, text)
			_, _ = io.Copy(io.Discard, r)
		}
	}
	for name, test := range map[string]struct {
		do   func(net.Conn, *bufio.Reader)
		want outcome
	}{
		"closed before the answer":  {say(""), outcome{0, "", upstream.Reset}},
		"reset before the answer":   {reset(""), outcome{0, "", upstream.Reset}},
		"closed in the head":        {say(head + "Content-Le"), outcome{0, "", upstream.Reset}},
		"reset in the head":         {reset(head + "Content-Le"), outcome{0, "", upstream.Reset}},
		"closed in the body":        {say(begun), outcome{200, "hello", upstream.Reset}},
		"closed in a chunk":         {say(chunked + "9\r\nhello"), outcome{200, "hello", upstream.Reset}},
		"stalled before the answer": {stall(""), outcome{0, "", upstream.Timeout}},
		"stalled in the head":       {stall(head), outcome{0, "", upstream.Timeout}},
		"stalled in the body":       {stall(begun), outcome{200, "hello", upstream.Timeout}},
		"another protocol":          {say("SSH-2.0-OpenSSH_9.9\r\n\r\n"), outcome{0, "", upstream.Other}},
		"another version":           {say("HTTP/3.0 200 OK\r\n\r\n"), outcome{0, "", upstream.Other}},
		"a status that is none":     {say("HTTP/1.1 099 What\r\n\r\n"), outcome{0, "", upstream.Other}},
		"no end of the head":        {say(head + "A: " + strings.Repeat("a", 300<<10)), outcome{0, "", upstream.Other}},
		"two lengths": {
			say(head + "Content-Length: 1\r\nContent-Length: 2\r\n\r\nab"), outcome{0, "", upstream.Other},
		},
		"a chunk that is none":       {say(chunked + "5\r\nhello\r\nno\r\n"), outcome{200, "hello", upstream.Other}},
		"closed where the body ends": {say(head + "\r\nhello"), outcome{200, "hello", ""}},
		"more than the answer":       {say(head + "Content-Length: 5\r\n\r\nhello" + empty), outcome{200, "hello", ""}},
	} {
		t.Run(name, func(t *testing.T) {
			at := scripted(t, func(_ int, c net.Conn, r *bufio.Reader) {
				if readHead(r) != "" {
					test.do(c, r)
				}
			})
			route := only(t, one(endpoint(t, at, 1)), nil, &counted{})
			in, calls := upstream.Request{Timeout: time.Minute}, 2 // on a connection of its own each
			if test.want.Reason == upstream.Timeout {
				in.Timeout, calls = 500*time.Millisecond, 1
			}
			for range calls {
				status, body, reason := fetch(route, get(t.Context()), &in)
				if diff := cmp.Diff(test.want, outcome{status, body, reason}); diff != "" {
					t.Errorf("outcome (-want +got):\n%s", diff)
				}
			}
		})
	}
}

func TestAnEndpointResetsWithinTheAnswer(t *testing.T) {
	read := make(chan struct{})
	at := scripted(t, func(_ int, c net.Conn, r *bufio.Reader) {
		readHead(r)
		_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello")
		<-read
		_ = c.(*net.TCPConn).SetLinger(0)
	})
	route := only(t, one(endpoint(t, at, 1)), nil, &counted{})
	x, a := get(t.Context()), upstream.Answer{}
	defer a.Close()
	if failure := route.Do(x, &upstream.Request{}, &a); failure != nil {
		t.Fatal(failure)
	}
	if _, err := io.ReadFull(x.Response.Body, make([]byte, 5)); err != nil {
		t.Fatal(err)
	}
	close(read)
	_, err := io.ReadAll(x.Response.Body)
	if failure := a.Failure(err); failure.Reason != upstream.Reset {
		t.Error(failure)
	}
}

func TestABodyThatFailsIsNotTheEndpointsFault(t *testing.T) {
	at := serve(t, func(_ http.ResponseWriter, r *http.Request) { _, _ = io.Copy(io.Discard, r.Body) })
	for name, test := range map[string]struct {
		err  error
		want string
	}{
		"an early end":       {io.ErrUnexpectedEOF, upstream.BodyBroken},
		"a stall":            {http1.ErrTimeout, upstream.BodyTimeout},
		"a deadline":         {os.ErrDeadlineExceeded, upstream.BodyTimeout},
		"whatever it may be": {errors.New("oh"), upstream.BodyBroken},
	} {
		t.Run(name, func(t *testing.T) {
			watch := &counted{}
			retry := &schema.Retry{Attempts: 2, On: []string{"5xx", "reset"}, Methods: []string{"POST"}}
			route := only(t, one(endpoint(t, at, 1)), retry, watch)
			x, client, w := post(t.Context(), 10)
			go func() {
				_, _ = io.WriteString(w, "hello")
				w.CloseWithError(test.err)
			}()
			if _, _, got := fetch(route, x, &upstream.Request{Client: client}); got != test.want {
				t.Errorf("the reason is %q, want %q", got, test.want)
			}
			if len(watch.events) > 0 {
				t.Errorf("events: %q", watch.events)
			}
		})
	}
}

func TestAnAnswerMayComeBeforeTheBody(t *testing.T) {
	at := scripted(t, func(_ int, c net.Conn, r *bufio.Reader) {
		readHead(r)
		_, _ = io.WriteString(c, "HTTP/1.1 413 Content Too Large\r\nContent-Length: 4\r\n\r\nmuch")
		_, _ = io.Copy(io.Discard, r)
	})
	route := only(t, one(endpoint(t, at, 1)), nil, &counted{})
	x, client, _ := post(t.Context(), -1) // nothing of the body ever comes
	status, body, reason := fetch(route, x, &upstream.Request{Client: client})
	if status != 413 || body != "much" || reason != "" {
		t.Error(status, body, reason)
	}
	<-client.unblocked
}

// informed is a client that takes no interim responses any more.
type informed struct{ patient }

func (*informed) Inform(*exchange.Response) error { return net.ErrClosed }

func TestAClientThatTakesNoInterimResponseIsGone(t *testing.T) {
	at := serve(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusEarlyHints) })
	watch := &counted{}
	route := only(t, one(endpoint(t, at, 1)), nil, watch)
	if _, _, got := fetch(route, get(t.Context()), &upstream.Request{Client: &informed{}}); got != upstream.ClientGone {
		t.Errorf("the reason is %q", got)
	}
	if len(watch.events) > 0 {
		t.Errorf("events: %q", watch.events)
	}
}
