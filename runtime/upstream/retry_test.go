package upstream_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gwc.dev/runtime/upstream"
	"gwc.dev/schema"
)

func TestRetries(t *testing.T) {
	all := []string{"connect-failure", "reset", "timeout", "503"}
	safe := []string{"GET"}
	type outcome struct {
		Reason  string // of the failure; empty: there was an answer
		Status  int
		Retries int
		Events  []string
	}
	type serving func(w http.ResponseWriter, r *http.Request, n int)
	statuses := func(codes ...int) serving {
		return func(w http.ResponseWriter, _ *http.Request, n int) { w.WriteHeader(codes[min(n, len(codes)-1)]) }
	}
	lose := func(http.ResponseWriter, *http.Request, int) { panic(http.ErrAbortHandler) }
	silentAtFirst := func(_ http.ResponseWriter, r *http.Request, n int) {
		if n == 0 {
			<-r.Context().Done()
		}
	}
	loseAfterAnAnswer := func(w http.ResponseWriter, r *http.Request, n int) {
		if n > 0 {
			lose(w, r, n)
		}
		w.WriteHeader(503)
	}
	tests := map[string]struct {
		method  string
		body    string
		retry   *schema.Retry
		timeout time.Duration
		serve   serving // nil: nobody listens
		want    outcome
	}{
		"no retry configured": {
			serve: statuses(503), want: outcome{Status: 503},
		},
		"a retry that is turned off": {
			retry: &schema.Retry{Disabled: true, Attempts: 2, On: all, Methods: safe},
			serve: statuses(503), want: outcome{Status: 503},
		},
		"a status is tried again": {
			retry: &schema.Retry{Attempts: 2, On: all, Methods: safe}, serve: statuses(503, 503, 200),
			want: outcome{Status: 200, Retries: 2, Events: []string{"retry up", "retry up"}},
		},
		"the last answer stands": {
			retry: &schema.Retry{Attempts: 1, On: all, Methods: safe}, serve: statuses(503),
			want: outcome{Status: 503, Retries: 1, Events: []string{"retry up"}},
		},
		"an answer does not outlive the try after it": {
			retry: &schema.Retry{Attempts: 1, On: all, Methods: safe}, serve: loseAfterAnAnswer,
			want: outcome{Reason: "reset", Retries: 1, Events: []string{"retry up", "reset up"}},
		},
		"5xx means every server error": {
			retry: &schema.Retry{Attempts: 1, On: []string{"5xx"}, Methods: safe}, serve: statuses(507, 200),
			want: outcome{Status: 200, Retries: 1, Events: []string{"retry up"}},
		},
		"a status that is not named stands": {
			retry: &schema.Retry{Attempts: 1, On: all, Methods: safe}, serve: statuses(500, 200), want: outcome{Status: 500},
		},
		"a method that is not named is not sent twice": {
			method: "POST", retry: &schema.Retry{Attempts: 1, On: all, Methods: safe}, serve: statuses(503, 200),
			want: outcome{Status: 503},
		},
		"a lost connection is tried again": {
			retry: &schema.Retry{Attempts: 1, On: all, Methods: safe}, serve: lose,
			want: outcome{Reason: "reset", Retries: 1, Events: []string{"reset up", "retry up", "reset up"}},
		},
		"a slow try is tried again": {
			retry: &schema.Retry{Attempts: 1, On: all, Methods: safe, PerTryTimeout: schema.Duration(500 * time.Millisecond)},
			serve: silentAtFirst, want: outcome{Status: 200, Retries: 1, Events: []string{"timeout up", "retry up"}},
		},
		"no try begins after the time is up": {
			retry: &schema.Retry{Attempts: 1, On: all, Methods: safe}, timeout: 50 * time.Millisecond,
			serve: silentAtFirst, want: outcome{Reason: "timeout", Events: []string{"timeout up"}},
		},
		"no try is waited for longer than there is time": {
			retry: &schema.Retry{Attempts: 1, On: all, Methods: safe, Backoff: schema.Duration(time.Hour)}, timeout: time.Second,
			serve: statuses(503, 200), want: outcome{Status: 503},
		},
		"no connection: any method": {
			method: "POST", body: "hello", retry: &schema.Retry{Attempts: 2, On: all, Methods: safe},
			want: outcome{Reason: "connect-failure", Retries: 2, Events: []string{
				"connect-failure up", "retry up", "connect-failure up", "retry up", "connect-failure up",
			}},
		},
		"a body that was sent is not sent again": {
			method: "PUT", body: "hello", retry: &schema.Retry{Attempts: 2, On: all, Methods: []string{"PUT"}},
			serve: statuses(503, 200), want: outcome{Status: 503},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			address := closedPort(t)
			if test.serve != nil {
				var n atomic.Int32
				address = serve(t, func(w http.ResponseWriter, r *http.Request) {
					_, _ = io.Copy(io.Discard, r.Body)
					test.serve(w, r, int(n.Add(1)-1))
				})
			}
			watch := &counted{}
			route := only(t, one(endpoint(t, address, 1)), test.retry, watch)
			x, a := get(t.Context()), upstream.Answer{}
			if test.method != "" {
				x.Request.Method = test.method
			}
			if test.body != "" {
				x.Request.Body, x.Request.Length = strings.NewReader(test.body), int64(len(test.body))
			}
			got := outcome{}
			if failure := route.Do(x, &upstream.Request{Timeout: test.timeout}, &a); failure != nil {
				got.Reason = failure.Reason
			}
			a.Close()
			got.Status, got.Retries, got.Events = x.Response.Status, a.Retries, watch.events
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("outcome (-want +got):\n%s", diff)
			}
		})
	}
}

func TestARetryGoesToAnotherEndpoint(t *testing.T) {
	at := serve(t, func(w http.ResponseWriter, r *http.Request) { _, _ = io.Copy(w, r.Body) })
	retry := &schema.Retry{Attempts: 1, On: []string{"connect-failure"}}
	route := only(t, one(endpoint(t, at, 1), endpoint(t, closedPort(t), 1)), retry, &counted{})
	for range 10 {
		x := get(t.Context()) // with its body, of which no try before has read anything
		x.Request.Method, x.Request.Body, x.Request.Length = "POST", strings.NewReader("hello"), 5
		if status, body, reason := fetch(route, x, &upstream.Request{}); status != 200 || body != "hello" {
			t.Fatal(status, body, reason)
		}
	}
}

func TestAnAnswerThatIsTriedAgainLeavesItsConnection(t *testing.T) {
	at := scripted(t, func(n int, c net.Conn, r *bufio.Reader) {
		for _, answer := range []string{
			"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 4\r\n\r\nbusy",
			"HTTP/1.1 503 Service Unavailable\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbusy\r\n0\r\n\r\n",
			fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n%d", n),
		} {
			if readHead(r) == "" {
				return
			}
			_, _ = io.WriteString(c, answer)
		}
	})
	retry := &schema.Retry{Attempts: 2, On: []string{"503"}, Methods: []string{"GET"}}
	route := only(t, one(endpoint(t, at, 1)), retry, &counted{})
	if status, body, reason := fetch(route, get(t.Context()), &upstream.Request{}); status != 200 || body != "0" {
		t.Errorf("%d by connection %q %s", status, body, reason)
	}
}
