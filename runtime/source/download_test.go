package source_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gwc.dev/runtime/source"
)

// A flaky server breaks connections off after some bytes, and goes on where it is asked to.
type flaky struct {
	mu        sync.Mutex
	body      string
	header    http.Header
	breaks    []int // after how many bytes of an answer; what comes after these is whole
	noRanges  bool
	refuses   map[int]int                 // by the number of a request, its status
	change    func(f *flaky, request int) // before a request is answered
	asked     []string                    // "Range If-Range"
	stutter   time.Duration               // instead of breaking it off, be silent for so long
	announced int                         // more bytes than there are
}

func (f *flaky) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.asked = append(f.asked, strings.TrimSpace(r.Header.Get("Range")+" "+r.Header.Get("If-Range")))
	if f.change != nil {
		f.change(f, len(f.asked))
	}
	for name, values := range f.header {
		w.Header()[name] = values
	}
	if status := f.refuses[len(f.asked)]; status != 0 {
		w.WriteHeader(status)
		return
	}
	from, status := 0, http.StatusOK
	if text, ok := strings.CutPrefix(r.Header.Get("Range"), "bytes="); ok && !f.noRanges {
		same := r.Header.Get("If-Range") == f.header.Get("ETag") || r.Header.Get("If-Range") == f.header.Get("Last-Modified")
		start, _ := strconv.Atoi(strings.TrimSuffix(text, "-"))
		switch {
		case !same:
		case start >= len(f.body):
			w.WriteHeader(http.StatusRequestedRangeNotSatisfiable)
			return
		default:
			from, status = start, http.StatusPartialContent
			w.Header().Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", from, len(f.body)-1, len(f.body)))
		}
	}
	rest := f.body[from:]
	w.Header().Set("Content-Length", strconv.Itoa(len(rest)+f.announced))
	w.WriteHeader(status)
	if len(f.breaks) > 0 {
		n := min(f.breaks[0], len(rest))
		f.breaks = f.breaks[1:]
		_, _ = io.WriteString(w, rest[:n])
		_ = http.NewResponseController(w).Flush()
		if f.stutter > 0 {
			select {
			case <-r.Context().Done():
			case <-time.After(f.stutter):
			}
		}
		panic(http.ErrAbortHandler) // a reset
	}
	_, _ = io.WriteString(w, rest)
}

func (f *flaky) requests() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]string(nil), f.asked...)
}

func header(fields ...string) http.Header {
	h := http.Header{}
	for i := 0; i < len(fields); i += 2 {
		h[fields[i]] = []string{fields[i+1]}
	}
	return h
}

func serveFlaky(t *testing.T, f *flaky) string {
	t.Helper()
	s := httptest.NewUnstartedServer(f)
	s.Config.ErrorLog = nil
	s.Start()
	t.Cleanup(s.Close)
	return s.URL + "/bundle"
}

const tag, otherTag = `"one"`, `"two"`

func TestADownloadThatBreaksOffGoesOn(t *testing.T) {
	body := strings.Repeat("0123456789", 100)
	old := "Mon, 02 Jan 2006 15:04:05 GMT"
	tests := map[string]struct {
		server *flaky
		asked  []string
	}{
		"once":          {&flaky{header: header("Etag", tag), breaks: []int{300}}, []string{"", "bytes=300- " + tag}},
		"again":         {&flaky{header: header("Etag", tag), breaks: []int{300, 300, 1}}, []string{"", "bytes=300- " + tag, "bytes=600- " + tag, "bytes=601- " + tag}},
		"once it may":   {&flaky{header: header("Etag", tag), breaks: []int{300}, refuses: map[int]int{2: 503}}, []string{"", "bytes=300- " + tag, "bytes=300- " + tag}},
		"by its date":   {&flaky{header: header("Last-Modified", old), breaks: []int{300}}, []string{"", "bytes=300- " + old}},
		"without bytes": {&flaky{header: header("Etag", tag), breaks: []int{0}}, []string{"", ""}},
		"no ranges":     {&flaky{header: header("Etag", tag), breaks: []int{300}, noRanges: true}, []string{"", "bytes=300- " + tag}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s := test.server
			s.body = body
			w := watch(t, serveFlaky(t, s), source.Options{Interval: time.Hour})
			w.expect(body)
			if diff := cmp.Diff(test.asked, s.requests()); diff != "" {
				t.Errorf("requests (-want +got):\n%s", diff)
			}
		})
	}
}

func TestADownloadBeginsAnewWhereItCannotGoOn(t *testing.T) {
	body, other := strings.Repeat("first ", 100), strings.Repeat("other ", 50)
	replace := func(f *flaky, request int) {
		if request == 2 {
			f.body, f.header = other, header("Etag", otherTag)
		}
	}
	tests := map[string]struct {
		server *flaky
		want   string
		asked  []string
	}{
		"another representation": {&flaky{header: header("Etag", tag), breaks: []int{300}, change: replace}, other, []string{"", "bytes=300- " + tag}},
		"a weak validator":       {&flaky{header: header("Etag", "W/"+tag), breaks: []int{300}}, body, []string{"", ""}},
		"no validator":           {&flaky{header: header(), breaks: []int{300}}, body, []string{"", ""}},
		"a date of just now":     {&flaky{header: header("Last-Modified", time.Now().Add(time.Hour).UTC().Format(http.TimeFormat)), breaks: []int{300}}, body, []string{"", ""}}, // as long as this runs
		"the part is of another": {&flaky{header: header("Etag", tag), breaks: []int{300}, change: func(f *flaky, request int) {
			if request == 2 { // a server that does not look at If-Range
				f.body = body[:len(body)-6]
			} else {
				f.body = body
			}
		}}, body, []string{"", "bytes=300- " + tag, ""}},
		"who asks for a part is refused": {&flaky{header: header("Etag", tag), breaks: []int{300}, refuses: map[int]int{2: 403}}, body, []string{"", "bytes=300- " + tag, ""}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s := test.server
			s.body = body
			w := watch(t, serveFlaky(t, s), source.Options{Interval: 20 * time.Millisecond})
			w.expect(test.want)
			got := s.requests()
			if diff := cmp.Diff(test.asked, got[:min(len(got), len(test.asked))]); diff != "" {
				t.Errorf("requests (-want +got):\n%s", diff)
			}
		})
	}
}

// A link so slow that no look is long enough gets there all the same.
func TestALookGoesOnWhereTheOneBeforeRanOutOfTime(t *testing.T) {
	body := strings.Repeat("0123456789", 100)
	s := &flaky{body: body, header: header("Etag", tag), breaks: []int{400, 400}, stutter: time.Minute}
	w := watch(t, serveFlaky(t, s), source.Options{Interval: 5 * time.Millisecond, Timeout: 100 * time.Millisecond})
	w.expectError("it did not answer within 100ms")
	w.expectError("it did not answer within 100ms")
	w.expect(body)
	if diff := cmp.Diff([]string{"", "bytes=400- " + tag, "bytes=800- " + tag}, s.requests()[:3]); diff != "" {
		t.Errorf("requests (-want +got):\n%s", diff)
	}
}

func TestALookDoesNotGoOnForEver(t *testing.T) {
	s := &flaky{body: strings.Repeat("x", 1000), header: header("Etag", tag), breaks: []int{1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1}}
	w := watch(t, serveFlaky(t, s), source.Options{Interval: time.Hour})
	w.expectError("unexpected EOF")
	if n := len(s.requests()); n != 6 {
		t.Errorf("%d requests", n)
	}
}

func TestALengthThatIsWrongIsNoBundle(t *testing.T) {
	s := &flaky{body: "0123456789", header: header(), announced: 5}
	watch(t, serveFlaky(t, s), source.Options{Interval: time.Hour}).expectError("unexpected EOF")
	o := source.Options{Interval: time.Hour, MaxSize: 12}
	watch(t, serveFlaky(t, &flaky{body: "0123456789", header: header("Etag", tag), announced: 5}), o).expectError("more than the 12 bytes")
}

func TestAResumedDownloadIsBoundedToo(t *testing.T) {
	s := &flaky{body: strings.Repeat("x", 100), header: header("Etag", tag), breaks: []int{60}}
	s.change = func(f *flaky, request int) {
		if request > 1 {
			f.body = strings.Repeat("x", 300)
		}
	}
	w := watch(t, serveFlaky(t, s), source.Options{Interval: time.Hour, MaxSize: 200})
	if u := w.next(); u.Err == nil {
		t.Errorf("delivered %d bytes", len(u.Data))
	}
}

func TestAServerThatRestartsIsReadAgain(t *testing.T) {
	handler := &flaky{body: "first", header: header("Etag", tag)}
	s := httptest.NewServer(handler)
	address := s.Listener.Addr().String()
	w := watch(t, s.URL, source.Options{Interval: 5 * time.Millisecond})
	w.expect("first")
	s.Close()
	w.expectError("connection refused")
	again := httptest.NewUnstartedServer(&flaky{body: "second", header: header("Etag", otherTag)})
	again.Listener.Close()
	again.Listener = listenAt(t, address)
	again.Start()
	t.Cleanup(again.Close)
	w.expect("second")
}

func TestAPinnedURLIsReadOnceAndIsNothingElse(t *testing.T) {
	sum := sha256.Sum256([]byte("good"))
	pin := "#sha256=" + hex.EncodeToString(sum[:])
	s := &flaky{body: "evil", header: header("Etag", tag)}
	url := serveFlaky(t, s)
	w := watch(t, url+pin, source.Options{Interval: 5 * time.Millisecond})
	w.expectError("its digest is sha256:")
	s.mu.Lock()
	s.body = "good"
	s.mu.Unlock()
	if u := w.expect("good"); !u.Final || strings.Contains(u.Origin, "#") {
		t.Errorf("update %+v", u)
	}
	n := len(s.requests())
	time.Sleep(50 * time.Millisecond)
	if got := len(s.requests()); got != n {
		t.Errorf("%d more requests", got-n)
	}
	for _, ref := range []string{"https://example.com/b#v1", "https://example.com/b#sha256=12", "https://example.com/b#md5=12"} {
		if _, err := source.Open(ref, source.Options{}); err == nil || !strings.Contains(err.Error(), "sha256") {
			t.Errorf("%s: %v", ref, err)
		}
	}
	// The digest says what it is; TLS need not.
	if _, err := source.Open("http://source-controller.flux-system.svc/b"+pin, source.Options{}); err != nil {
		t.Error(err)
	}
}

func TestAnOwnAuthorityIsTrustedOnceItIsGiven(t *testing.T) {
	s := httptest.NewTLSServer(&flaky{body: "good", header: header("Etag", tag)})
	t.Cleanup(s.Close)
	watch(t, s.URL, source.Options{Interval: time.Hour}).expectError("certificate signed by unknown authority")
	ca := filepath.Join(t.TempDir(), "ca.crt")
	write(t, ca, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw})))
	watch(t, s.URL, source.Options{Interval: time.Hour, CAFile: ca}).expect("good")
}
