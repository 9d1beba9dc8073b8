package metric_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gwc.dev/runtime/metric"
	"gwc.dev/schema"
)

// lines returns the series whose text holds part, without buckets.
func lines(t *testing.T, r *metric.Registry, part string) []string {
	t.Helper()
	w := httptest.NewRecorder()
	r.Handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", http.NoBody))
	var out []string
	for line := range strings.SplitSeq(w.Body.String(), "\n") {
		if strings.Contains(line, part) && !strings.Contains(line, "_bucket{") && !strings.HasPrefix(line, "#") {
			out = append(out, line)
		}
	}
	return out
}

func TestSeriesLiveAsLongAsTheirRoute(t *testing.T) {
	r := metric.New()
	first := r.Stage()
	kept, gone := first.Route("a", "kept"), first.Route("a", "gone")
	limited := gone.Counter(schema.MetricLimited, "perMinute")
	if got := lines(t, r, `api="a"`); got != nil {
		t.Errorf("a table that is not in use has the series %q", got)
	}
	first.Commit()
	kept.Answered(204, time.Millisecond)
	kept.Failed("up", "reset")
	gone.Answered(500, time.Second)
	limited()
	limited()
	want := []string{
		`gwproxy_rate_limited_total{api="a",route="gone",window="perMinute"} 2`,
		`gwproxy_request_duration_seconds_sum{api="a",route="gone"} 1`,
		`gwproxy_request_duration_seconds_count{api="a",route="gone"} 1`,
		`gwproxy_requests_total{api="a",route="gone",status_class="1xx"} 0`,
		`gwproxy_requests_total{api="a",route="gone",status_class="2xx"} 0`,
		`gwproxy_requests_total{api="a",route="gone",status_class="3xx"} 0`,
		`gwproxy_requests_total{api="a",route="gone",status_class="4xx"} 0`,
		`gwproxy_requests_total{api="a",route="gone",status_class="5xx"} 1`,
	}
	if diff := cmp.Diff(want, lines(t, r, `route="gone"`)); diff != "" {
		t.Errorf("series (-want +got):\n%s", diff)
	}

	second := r.Stage()
	if second.Route("a", "kept") != kept {
		t.Error("a route that stays has new metrics")
	}
	second.Commit()
	gone.Answered(500, time.Second) // a request that was under way
	gone.Failed("up", "reset")
	gone.Counter(schema.MetricLimited, "perMinute")()
	if got := lines(t, r, `route="gone"`); got != nil {
		t.Errorf("series of a route that is gone: %q", got)
	}
	want = []string{`gwproxy_upstream_errors_total{api="a",reason="reset",route="kept",upstream="up"} 1`}
	if diff := cmp.Diff(want, lines(t, r, "upstream_errors")); diff != "" {
		t.Errorf("series (-want +got):\n%s", diff)
	}
}

func TestKnownEventsBeginAtZero(t *testing.T) {
	r := metric.New()
	table := r.Stage()
	table.Route("a", "b").Counter(schema.MetricAuthFailures, "auth-missing")
	table.Route("a", "b").Counter("gwproxy_unknown_total", "x")()
	table.Commit()
	want := []string{`gwproxy_auth_failures_total{api="a",reason="auth-missing",route="b"} 0`}
	if diff := cmp.Diff(want, lines(t, r, "auth_failures")); diff != "" {
		t.Errorf("series (-want +got):\n%s", diff)
	}
}

func TestEveryMetricOfTheContractIsThere(t *testing.T) {
	r := metric.New()
	table := r.Stage()
	route := table.Route("a", "b")
	table.Commit()
	route.Answered(200, 0)
	route.Retried("up")
	route.Failed("up", "reset")
	route.Counter(schema.MetricLimited, "w")()
	route.Counter(schema.MetricAuthFailures, "w")()
	r.Listener("http").Refused("header-bytes")
	r.Swapped("test", "sha256:1", 1)
	r.Refused("unsigned")
	r.Secrets(func() []string { return []string{"ann/key"} }, func() uint64 { return 1 })
	r.KeySets(func() []metric.KeySet { return []metric.KeySet{{URL: "https://issuer.test/keys", Keys: 1}} })
	for _, name := range []string{
		schema.MetricRequests, schema.MetricDuration, schema.MetricUpstreamErrors, schema.MetricRetries, schema.MetricLimited,
		schema.MetricAuthFailures, schema.MetricRefused, schema.MetricConnections, schema.MetricBundleInfo, schema.MetricBundleRefused, schema.MetricBundleRefusals,
		schema.MetricBundleSwaps, schema.MetricSourceChecked, schema.MetricUnverified, schema.MetricLogDropped,
		schema.MetricSecretUnusable, schema.MetricSecretChanges, schema.MetricKeySetKeys, schema.MetricKeySetSuccess,
		schema.MetricKeySetFetches, schema.MetricKeySetUnknown, schema.MetricKeySetDiskErrors,
	} {
		if lines(t, r, name) == nil {
			t.Errorf("there is no %s", name)
		}
	}
}

func BenchmarkAnswered(b *testing.B) {
	table := metric.New().Stage()
	route := table.Route("a", "b")
	table.Commit()
	b.ReportAllocs()
	for b.Loop() {
		route.Answered(200, time.Millisecond)
	}
}
