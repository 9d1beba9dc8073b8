package source_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"gwc.dev/runtime/source"
)

// A site serves what it is told to.
type site struct {
	*httptest.Server
	mu       sync.Mutex
	handler  http.HandlerFunc
	requests []string // the conditions asked under
}

func serve(t *testing.T, h http.HandlerFunc) *site {
	t.Helper()
	s := &site{handler: h}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		h := s.handler
		s.requests = append(s.requests, r.Header.Get("If-None-Match")+r.Header.Get("If-Modified-Since"))
		s.mu.Unlock()
		h(w, r)
	}))
	t.Cleanup(s.Close)
	return s
}

func (s *site) set(h http.HandlerFunc) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.handler = h
}

func (s *site) asked(condition string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range s.requests {
		if r == condition {
			return true
		}
	}
	return false
}

// tagged serves body under an entity tag or a date, and 304 to who has it.
func tagged(name, value, body string) http.HandlerFunc {
	condition := map[string]string{"ETag": "If-None-Match", "Last-Modified": "If-Modified-Since"}[name]
	return func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get(condition) == value {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		w.Header().Set(name, value)
		_, _ = io.WriteString(w, body)
	}
}

var quickly = source.Options{Interval: 5 * time.Millisecond}

func TestAPageIsReadAgainWhenItsValidatorChanges(t *testing.T) {
	for name, values := range map[string][2]string{
		"ETag":          {`"one"`, `W/"two"`},
		"Last-Modified": {"Mon, 02 Jan 2006 15:04:05 GMT", "Tue, 03 Jan 2006 15:04:05 GMT"},
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, tagged(name, values[0], "first"))
			w := watch(t, s.URL+"/bundle?token=s3cret", quickly)
			u := w.expect("first")
			if !strings.HasPrefix(u.Origin, s.URL+"/bundle") || strings.Contains(u.Origin, "s3cret") {
				t.Errorf("origin %q", u.Origin)
			}
			for !s.asked(values[0]) {
				time.Sleep(time.Millisecond)
			}
			s.set(tagged(name, values[1], "second"))
			w.expect("second")
		})
	}
}

func TestAPageWithoutValidatorsIsDeliveredOnce(t *testing.T) {
	looks := make(chan struct{}, 100)
	s := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "same")
		select {
		case looks <- struct{}{}:
		default:
		}
	})
	w := watch(t, s.URL, quickly)
	w.expect("same")
	for range 5 {
		<-looks
	}
	s.set(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "other") })
	w.expect("other") // and not "same" once more
}

func TestPagesThatAreNoBundleFailAndRecover(t *testing.T) {
	s := serve(t, http.NotFound)
	o := quickly
	o.MaxSize, o.Timeout = 10, 100*time.Millisecond
	w := watch(t, s.URL, o)
	w.expectError("it answers 404 Not Found")
	for want, h := range map[string]http.HandlerFunc{
		"more than the 10 bytes": func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "0123456789+") },
		"unexpected EOF": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "9")
			_, _ = io.WriteString(w, "half")
		},
		"it did not answer within 100ms": func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
		"304 Not Modified":               func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNotModified) },
	} {
		s.set(h)
		for {
			u := w.next()
			if u.Err == nil {
				t.Fatalf("%s: delivered %q", want, u.Data)
			}
			if strings.Contains(u.Err.Error(), want) {
				break
			}
		}
	}
	s.set(tagged("ETag", `"1"`, "good"))
	w.expect("good")
}

func TestABodyOfUnknownLengthIsBounded(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		for r.Context().Err() == nil {
			if _, err := fmt.Fprint(w, strings.Repeat("x", 1024)); err != nil {
				return
			}
		}
	})
	o := quickly
	o.MaxSize = 4096
	watch(t, s.URL, o).expectError("more than the 4096 bytes")
}

func TestWhatTheServerCallsGzipIsNotUnpacked(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		_, _ = io.WriteString(w, "\x1f\x8bbundle")
	})
	watch(t, s.URL, quickly).expect("\x1f\x8bbundle")
}

func TestARedirectFromHTTPSToHTTPIsRefused(t *testing.T) {
	s := httptest.NewTLSServer(http.RedirectHandler("http://example.com/bundle", http.StatusFound))
	t.Cleanup(s.Close)
	o := quickly
	o.Transport = s.Client().Transport
	watch(t, s.URL, o).expectError(`it redirects to "http://example.com", which has no TLS`)
}

func TestARedirectToAFileIsRefused(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Location", "file:///etc/hostname")
		w.WriteHeader(http.StatusFound)
	})
	watch(t, s.URL, quickly).expectError("it redirects to file:, and not to https")
}

func TestPasswordsAreUsedAndNotShown(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if user, password, _ := r.BasicAuth(); user == "ada" && password == "s3cret" {
			_, _ = io.WriteString(w, "good")
		}
	})
	ref := strings.Replace(s.URL, "http://", "http://ada:s3cret@", 1)
	w := watch(t, ref, quickly)
	if u := w.expect("good"); strings.Contains(u.Origin, "s3cret") {
		t.Errorf("origin %q", u.Origin)
	}
	s.Close()
	for {
		if u := w.next(); u.Err != nil {
			if strings.Contains(u.Err.Error(), "s3cret") {
				t.Errorf("error %v", u.Err)
			}
			return
		}
	}
}

// TestWhatIsSecretInAURLIsForItsServerAlone has a server redirect to another one.
func TestWhatIsSecretInAURLIsForItsServerAlone(t *testing.T) {
	var mu sync.Mutex
	var seen string
	other := serve(t, func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		seen = fmt.Sprint(r.URL, r.Header)
		_, _ = io.WriteString(w, "good")
	})
	s := serve(t, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, other.URL, http.StatusFound) })
	watch(t, strings.Replace(s.URL, "http://", "http://ada:s3cret@", 1)+"/bundle?token=t0ken", quickly).expect("good")
	mu.Lock()
	defer mu.Unlock()
	if seen == "" || strings.Contains(seen, "t0ken") || strings.Contains(seen, "s3cret") || strings.Contains(seen, "Authorization") {
		t.Errorf("the other one sees %s", seen)
	}
}
