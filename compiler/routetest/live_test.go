package routetest_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gwc.dev/compiler/routetest"
)

func dial(t *testing.T, address string) *routetest.Live {
	t.Helper()
	live, err := routetest.Dial(address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(live.Close)
	return live
}

// outcomes are what came of tests: skipped and why, failed and how, or passed.
func outcomes(results []routetest.Result) map[string]string {
	out := map[string]string{}
	for _, r := range results {
		switch {
		case r.Skipped != "":
			out[r.Name] = "skipped: " + r.Skipped
		case len(r.Differences) > 0:
			out[r.Name] = strings.Join(failures([]routetest.Result{r}), "; ")
		default:
			out[r.Name] = "passed"
		}
	}
	return out
}

func TestSend(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Add("X-Line", r.Method+" "+r.RequestURI+" "+r.Host)
		w.Header()["X-Agent"] = r.Header["User-Agent"]
		if strings.HasPrefix(r.URL.Path, "/named") {
			w.Header().Set("Gwproxy-Route", r.URL.Query().Get("as"))
		}
		w.WriteHeader(http.StatusTeapot)
		_, _ = io.WriteString(w, "body")
	}))
	t.Cleanup(server.Close)
	s := usable(t, `"listeners": {"a": {"port": 80}, "b": {"port": 443, "tls": {"certificates": {}}}},
		"consumers": {"ann": {"apiKeys": {"a": {"secret": "a/b"}}}},
		"apis": {"a": {"routes": {"b": {"match": {"path": {"prefix": "/named"}}, "respond": {}}, "c": {"respond": {}}}}}`, `
		"seen":     {"request": {"url": "http://Shop/%2e/../a?b=%20"}, "want": {"status": 418,
			"responseHeaders": {"x-line": {"exact": "GET /%2e/../a?b=%20 Shop"}, "x-agent": {"present": false}}}},
		"slashes":  {"request": {"url": "http://shop//a", "method": "PUT", "headers": {"user-agent": "me"}}, "want": {
			"responseHeaders": {"x-line": {"exact": "PUT http://shop//a shop"}, "x-agent": {"exact": "me"}}}},
		"failed":   {"request": {"url": "http://shop/"}, "want": {"route": "a/c", "status": 200, "responseHeaders": {"x-other": {"present": true}}}},
		"nameless": {"request": {"url": "http://shop/"}, "want": {"route": "a/c"}},
		"named":    {"request": {"url": "http://shop/named?as=a/b"}, "want": {"route": "a/b"}},
		"none":     {"request": {"url": "http://shop/named?as=none"}, "want": {"none": true}},
		"misnamed": {"request": {"url": "http://shop/named?as=a/c"}, "want": {"route": "a/b", "status": 418}},
		"inside":   {"request": {"url": "http://shop/"}, "want": {"backends": {}, "upstream": {"path": "/"}}},
		"called":   {"request": {"url": "http://shop/", "consumer": "ann"}, "want": {"status": 418}},
		"token":    {"request": {"url": "http://shop/", "claims": {}}, "want": {"status": 418}},
		"distant":  {"request": {"url": "http://shop/", "client": "192.0.2.9"}, "want": {"status": 418}},
		"tls":      {"request": {"url": "https://shop/"}, "want": {"status": 418}}`)
	results, err := s.Send(t.Context(), dial(t, server.URL))
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"seen":    "passed",
		"slashes": "passed",
		"failed": "tests.failed.want.status: want status 200, got 418 (status 418); " +
			"tests.failed.want.responseHeaders.x-other: want response header x-other present, got none (status 418)",
		"nameless": "skipped: the gateway does not say which route took it",
		"named":    "passed",
		"none":     "passed",
		"misnamed": "tests.misnamed.want.route: want route a/b, got a/c (route a/c, status 418)",
		"inside":   "skipped: it wants nothing that shows outside",
		"called":   "skipped: its caller's credentials are not known here",
		"token":    "passed",
		"distant":  "skipped: its client is elsewhere",
		"tls":      "skipped: it is for https",
	}
	if diff := cmp.Diff(want, outcomes(results)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestAnAddressIsThatOfAListener(t *testing.T) {
	s := usable(t, `"listeners": {"a": {"port": 80}, "b": {"port": 81}}`, `
		"a": {"request": {"url": "http://shop:80/"}, "want": {"status": 418}}`)
	results, err := s.Send(t.Context(), dial(t, "http://127.0.0.1:81"))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]string{"a": "skipped: it is for listener a"}, outcomes(results)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestNoAnswerIsAnError(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }))
	t.Cleanup(server.Close)
	s := usable(t, `"listeners": {"a": {"port": 80}}`, `"a": {"request": {"url": "http://shop/"}, "want": {"status": 418}}`)
	if results, err := s.Send(t.Context(), dial(t, server.URL)); err == nil {
		t.Errorf("results %v, want an error", results)
	}
}

func TestDialRefusesWhatIsNoAddress(t *testing.T) {
	for _, address := range []string{"", "127.0.0.1:80", "ftp://a", "http://", "http://a/b", "http://a b"} {
		if _, err := routetest.Dial(address); err == nil {
			t.Errorf("%q is taken for an address", address)
		}
	}
}
