package upstream_test

import (
	"bufio"
	"io"
	"net"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gwc.dev/runtime/upstream"
)

// forgetful is an endpoint that answers one request a connection, and ends it when it has read the next.
func forgetful(_ int, c net.Conn, r *bufio.Reader) {
	if readHead(r) == "" {
		return
	}
	_, _ = io.WriteString(c, empty)
	readHead(r)
}

func TestAnIdleConnectionThatEndsIsReplaced(t *testing.T) {
	for method, want := range map[string]string{
		"GET": "", "HEAD": "", "OPTIONS": "", "PUT": "", "DELETE": "", // may be sent twice
		"POST": upstream.Reset, "PATCH": upstream.Reset, "LOCK": upstream.Reset,
	} {
		t.Run(method, func(t *testing.T) {
			watch := &counted{}
			route := only(t, one(endpoint(t, scripted(t, forgetful), 1)), nil, watch)
			var got []string
			for range 2 {
				x := get(t.Context())
				x.Request.Method = method
				_, _, reason := fetch(route, x, &upstream.Request{})
				got = append(got, reason)
			}
			if diff := cmp.Diff([]string{"", want}, got); diff != "" {
				t.Errorf("reasons of two calls (-want +got):\n%s", diff)
			}
			var events []string
			if want != "" {
				events = []string{want + " up"}
			}
			if diff := cmp.Diff(events, watch.events); diff != "" {
				t.Errorf("events (-want +got):\n%s", diff)
			}
		})
	}
}

func TestAnIdleConnectionIsReplacedOnlyBeforeTheAnswer(t *testing.T) {
	at := scripted(t, func(_ int, c net.Conn, r *bufio.Reader) {
		if readHead(r) == "" {
			return
		}
		_, _ = io.WriteString(c, empty)
		if readHead(r) != "" {
			_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Le")
		}
	})
	route := only(t, one(endpoint(t, at, 1)), nil, &counted{})
	var got []string
	for range 2 {
		_, _, reason := fetch(route, get(t.Context()), &upstream.Request{})
		got = append(got, reason)
	}
	if diff := cmp.Diff([]string{"", upstream.Reset}, got); diff != "" {
		t.Errorf("reasons of two calls (-want +got):\n%s", diff)
	}
}

// TestAllIdleConnectionsMayHaveEnded has many calls at once, and then one for each connection that they leave.
func TestAllIdleConnectionsMayHaveEnded(t *testing.T) {
	const many = 8
	arrived, proceed := make(chan struct{}), make(chan struct{})
	at := scripted(t, func(n int, c net.Conn, r *bufio.Reader) {
		if n >= many {
			forgetful(n, c, r)
			return
		}
		readHead(r)
		arrived <- struct{}{}
		<-proceed
		_, _ = io.WriteString(c, empty)
		readHead(r)
	})
	watch := &counted{}
	route := only(t, one(endpoint(t, at, 1)), nil, watch)
	outcomes := make(chan string)
	for range many {
		go func() {
			_, _, reason := fetch(route, get(t.Context()), &upstream.Request{})
			outcomes <- reason
		}()
	}
	for range many {
		<-arrived
	}
	close(proceed)
	for range many {
		if reason := <-outcomes; reason != "" {
			t.Error(reason)
		}
	}
	if status, _, reason := fetch(route, get(t.Context()), &upstream.Request{}); status != 200 {
		t.Error(status, reason)
	}
	if len(watch.events) > 0 {
		t.Errorf("events: %q", watch.events)
	}
}
