package oci_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"gwc.dev/schema/bundle/oci"
)

// TestARegistryThatMisbehavesIsToldInOneLine has one answer a pull with what no registry should, and holds that there is an end to
// asking it.
func TestARegistryThatMisbehavesIsToldInOneLine(t *testing.T) {
	const page = "<html>\n<body>Please log in</body>\n</html>"
	token := func(answer string) func(http.Handler, http.ResponseWriter, *http.Request) {
		return func(_ http.Handler, w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/token" {
				_, _ = io.WriteString(w, answer)
				return
			}
			w.Header().Set("WWW-Authenticate", `Bearer realm="http://`+r.Host+`/token",service="r"`)
			w.WriteHeader(http.StatusUnauthorized)
		}
	}
	for name, tt := range map[string]struct {
		answer func(next http.Handler, w http.ResponseWriter, r *http.Request)
		want   string
	}{
		"round in a circle": {func(next http.Handler, w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/v2/" {
				http.Redirect(w, r, r.URL.Path, http.StatusTemporaryRedirect)
				return
			}
			next.ServeHTTP(w, r)
		}, `registry "HOST": it redirects more than 10 times`},
		"nothing of a registry": {func(_ http.Handler, w http.ResponseWriter, r *http.Request) { http.NotFound(w, r) },
			`registry "HOST" is none: it answers 404 Not Found to /v2/: see that its name and port are right`},
		"a page": {func(_ http.Handler, w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html")
			_, _ = io.WriteString(w, page)
		}, `what is there is not a gwc bundle: it is of type "text/html"`},
		"a page for a token": {token(page), `registry "HOST", or where it has tokens made, answers with what is no JSON: ` +
			`is that a page of a proxy or a login? (invalid character '<' looking for beginning of value)`},
		"no token": {token("{\n\"expires_in\": 3}"), `registry "HOST" has tokens made where none is given`},
		"less than it says": {func(next http.Handler, w http.ResponseWriter, r *http.Request) {
			if strings.Contains(r.URL.Path, "/blobs/") {
				w.Header().Set("Content-Length", "8")
				_, _ = io.WriteString(w, "a bun")
				return
			}
			next.ServeHTTP(w, r)
		}, `registry "HOST": unexpected EOF: the rest of it cannot be had: 200 OK`},
		"more than it says": {func(next http.Handler, w http.ResponseWriter, r *http.Request) {
			if !strings.Contains(r.URL.Path, "/blobs/") {
				next.ServeHTTP(w, r)
				return
			}
			for err := error(nil); err == nil; {
				_, err = w.Write(make([]byte, 1<<16))
			}
		}, `registry "HOST": the bundle does not have the 8 bytes that its manifest says`},
	} {
		t.Run(name, func(t *testing.T) {
			var asked atomic.Int32
			var ill atomic.Bool
			host := start(t, func(next http.Handler) http.Handler {
				return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					if !ill.Load() {
						next.ServeHTTP(w, r)
						return
					}
					asked.Add(1)
					tt.answer(next, w, r)
				})
			})
			ref := "oci://" + host + "/g:v1"
			push(t, ref, []byte("a bundle"), oci.Options{})
			ill.Store(true)
			_, _, err := oci.Pull(t.Context(), ref, oci.Options{})
			want := fmt.Sprintf("pulling %q: %s", ref, strings.ReplaceAll(tt.want, "HOST", host))
			if err == nil || err.Error() != want {
				t.Errorf("error %v\nwant  %s", err, want)
			}
			if asked.Load() > 12 {
				t.Errorf("it was asked %d times", asked.Load())
			}
		})
	}
}

// TestAStoreDoesNotLearnWhereOneComesFrom has a registry redirect to a URL that holds credentials, which redirects again.
func TestAStoreDoesNotLearnWhereOneComesFrom(t *testing.T) {
	var told atomic.Value
	told.Store("")
	host := start(t, func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			told.Store(told.Load().(string) + r.Header.Get("Referer"))
			switch {
			case r.URL.Query().Get("signature") != "":
				http.Redirect(w, r, "/store?key="+r.URL.Query().Get("key"), http.StatusTemporaryRedirect)
				return
			case r.URL.Path == "/store":
				r.URL.Path = r.URL.Query().Get("key")
			case r.Method == http.MethodGet && strings.Contains(r.URL.Path, "/blobs/"):
				http.Redirect(w, r, "/store?signature=s3cret&key="+r.URL.Path, http.StatusTemporaryRedirect)
				return
			}
			next.ServeHTTP(w, r)
		})
	})
	ref := "oci://" + host + "/g:v1"
	push(t, ref, []byte("a bundle"), oci.Options{})
	if data, _, err := oci.Pull(t.Context(), ref, oci.Options{}); err != nil || string(data) != "a bundle" {
		t.Errorf("pulled %q, %v", data, err)
	}
	if said := told.Load().(string); said != "" {
		t.Errorf("it is told %s", said)
	}
}
