package metric_test

import (
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gwc.dev/runtime/metric"
)

func TestAListenerCountsItsConnectionsAndRefusals(t *testing.T) {
	r := metric.New()
	http, https := r.Listener("http"), r.Listener("https")
	var clients sync.WaitGroup
	for range 10 {
		clients.Go(func() {
			http.Opened()
			http.Refused("uri-bytes")
			http.Refused("header-timeout")
			http.Opened()
			http.Closed()
		})
	}
	clients.Wait()
	if r.Listener("http") != http {
		t.Error("a listener that stays has new metrics")
	}
	r.Listener("http").Refused("uri-bytes")
	want := []string{
		`gwproxy_connections{listener="http"} 10`,
		`gwproxy_connections{listener="https"} 0`,
		`gwproxy_refused_total{listener="http",reason="header-timeout"} 10`,
		`gwproxy_refused_total{listener="http",reason="uri-bytes"} 11`,
	}
	if diff := cmp.Diff(want, lines(t, r, "listener=")); diff != "" {
		t.Errorf("series (-want +got):\n%s", diff)
	}
	https.Opened()
	https.Closed()
	if diff := cmp.Diff([]string{`gwproxy_connections{listener="https"} 0`}, lines(t, r, `listener="https"`)); diff != "" {
		t.Errorf("series (-want +got):\n%s", diff)
	}
}

func TestCountingOfAListenerAllocatesNothing(t *testing.T) {
	l := metric.New().Listener("http")
	l.Refused("uri-bytes")
	if n := testing.AllocsPerRun(100, func() {
		l.Opened()
		l.Refused("uri-bytes")
		l.Closed()
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
