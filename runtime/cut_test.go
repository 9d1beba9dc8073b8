package runtime_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"gwc.dev/runtime"
	"gwc.dev/schema/bundle"
)

// TestADownloadThatWasCutUnseenIsMadeAgain has a web server stop within a bundle twice where only the end of the connection says
// that it is done, as HTTP/1.0 has it. What came is refused; and what is there, under the same entity tag, is asked for until it came
// as a whole, and then no more.
func TestADownloadThatWasCutUnseenIsMadeAgain(t *testing.T) {
	const tag = `"one"`
	k := newKey(t)
	data := sealed(t, gateway(t, echo(t, "one").URL), 1, k)
	var sent, unchanged atomic.Int32
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("If-None-Match") == tag {
			unchanged.Add(1)
			w.WriteHeader(http.StatusNotModified)
			return
		}
		body := data
		if sent.Add(1) <= 2 {
			body = data[:len(data)/2]
		}
		c, out, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer c.Close()
		fmt.Fprintf(out, "HTTP/1.0 200 OK\r\nETag: %s\r\n\r\n%s", tag, body)
		_ = out.Flush()
	}))
	t.Cleanup(s.Close)
	p := start(t, func(o *runtime.Options) {
		o.Bundles, o.Source, o.PollInterval, o.Keys = nil, s.URL, 5*time.Millisecond, []bundle.PublicKey{k.Public()}
	})
	p.until("all of it is served", func() bool { return p.server.Status().Active != nil })
	p.until("it is not asked for any more", func() bool { return unchanged.Load() > 2 })
	if !strings.Contains(p.log.String(), "reason=truncated") || sent.Load() != 3 {
		t.Errorf("sent %d times", sent.Load())
	}
}
