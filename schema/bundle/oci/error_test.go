package oci_test

import (
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"gwc.dev/schema/bundle/oci"
)

// refusing is a registry that answers every request but that for its version with one answer. HEAD, by which clients find
// out what is there already, it answers only where it would not let anybody look.
func refusing(t *testing.T, status int, header, code, message string) string {
	t.Helper()
	return start(t, func(http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/v2/" {
				if _, _, ok := r.BasicAuth(); !ok {
					w.Header().Set("WWW-Authenticate", `Basic realm="registry"`)
					w.WriteHeader(http.StatusUnauthorized)
				}
				return
			}
			if r.Method == http.MethodHead && status != http.StatusUnauthorized {
				w.WriteHeader(http.StatusNotFound)
				return
			}
			if name, value, ok := strings.Cut(header, ": "); ok {
				w.Header().Set(name, value)
			}
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(status)
			if code != "" {
				_ = json.NewEncoder(w).Encode(map[string]any{"errors": []map[string]string{{"code": code, "message": message}}})
			}
		})
	})
}

func TestRefusalsSayWhatToDo(t *testing.T) {
	const notHere = `registry "HOST" has no g:v1: not found`
	tests := map[string]struct {
		status                int
		header, code, message string
		anonymous             bool
		pull, push            string
	}{
		"not logged in": {
			status: 401, anonymous: true,
			pull: `registry "HOST" asks who wants "g", and there are no credentials for it: log in with docker login HOST`,
			push: `registry "HOST" asks who wants "g", and there are no credentials for it: log in with docker login HOST`,
		},
		"wrong credentials": {
			status: 401, code: "UNAUTHORIZED", message: "authentication required",
			pull: `registry "HOST" does not accept the credentials of user "ada" for "g": they are wrong or have expired: log in again with docker login HOST`,
			push: `registry "HOST" does not accept the credentials of user "ada" for "g": they are wrong or have expired: log in again with docker login HOST`,
		},
		"not allowed": {
			status: 403, code: "DENIED", message: "no",
			pull: `registry "HOST" does not allow user "ada" to read "g" ("no"): ask its owners for the right to`,
			push: `registry "HOST" does not allow user "ada" to push to "g" ("no"): ask its owners for the right to`,
		},
		"not allowed, and not logged in": {
			status: 403, anonymous: true,
			pull: `registry "HOST" does not let just anybody read "g": log in with docker login HOST`,
			push: `registry "HOST" does not let just anybody push to "g": log in with docker login HOST`,
		},
		"not allowed, by a token that is too weak": {
			status: 401, header: `WWW-Authenticate: Basic realm="registry",error="insufficient_scope"`,
			pull: `registry "HOST" does not allow user "ada" to read "g": ask its owners for the right to`,
			push: `registry "HOST" does not allow user "ada" to push to "g": ask its owners for the right to`,
		},
		"not there": {
			status: 404, code: "NAME_UNKNOWN", message: "repository name not known to registry",
			pull: notHere,
			push: `registry "HOST" has no repository "g" to push to: create it there first: not found`,
		},
		"rate limited": {
			status: 429, header: "Retry-After: 120",
			pull: `registry "HOST" limits the rate of requests for "g": try again in 2m0s`,
			push: `registry "HOST" limits the rate of requests for "g": try again in 2m0s`,
		},
		"rate limited without a time": {
			status: 429, code: "TOOMANYREQUESTS", message: "you have reached your pull rate limit",
			pull: `registry "HOST" limits the rate of requests for "g" ("you have reached your pull rate limit"): try again later`,
			push: `registry "HOST" limits the rate of requests for "g" ("you have reached your pull rate limit"): try again later`,
		},
		"rate limited, by its code": {
			status: 403, code: "toomanyrequests", message: "slow down",
			pull: `registry "HOST" limits the rate of requests for "g" ("slow down"): try again later`,
			push: `registry "HOST" limits the rate of requests for "g" ("slow down"): try again later`,
		},
		"out of order": {
			status: 500,
			pull:   `registry "HOST" answers 500 Internal Server Error for "g": try again later`,
			push:   `registry "HOST" answers 500 Internal Server Error for "g": try again later`,
		},
		"down for maintenance": {
			status: 503, header: "Retry-After: 30", code: "UNAVAILABLE", message: "maintenance",
			pull: `registry "HOST" answers 503 Service Unavailable for "g" ("maintenance"): try again in 30s`,
			push: `registry "HOST" answers 503 Service Unavailable for "g" ("maintenance"): try again in 30s`,
		},
		"too large": {
			status: 413,
			push:   `registry "HOST" takes nothing as large as this for "g": have the limit raised, its own or that of the proxy before it`,
		},
		"full": {
			status: 507,
			push:   `registry "HOST" has no room left for "g": delete what is old, or have its quota raised`,
		},
		"full, by its words": {
			status: 403, code: "DENIED", message: "adding 1 MiB of storage resource, which when updated to current usage will exceed the configured upper limit",
			push: `registry "HOST" has no room left for "g" ("adding 1 MiB of storage resource, which when updated to current usage will exceed the configured upper limit"): delete what is old, or have its quota raised`,
		},
		"read-only": {
			status: 405, code: "UNSUPPORTED", message: "The operation is unsupported.",
			push: `registry "HOST" takes no pushes to "g" ("The operation is unsupported."): it is read-only, or a mirror`,
		},
		"immutable tags": {
			status: 400, code: "TAG_INVALID", message: "The image tag 'v1' already exists and cannot be overwritten because the tag is immutable.",
			push: `registry "HOST" does not let a tag of "g" be moved ("The image tag 'v1' already exists and cannot be overwritten because the tag is immutable."): exempt the tags that are followed from its rule for immutable tags`,
		},
		"anything else, and what may be hidden in it": {
			status: 418, code: "TEAPOT", message: "\x1b[2J",
			pull: `registry "HOST" answers 418 I'm a teapot for "g" ("\x1b[2J")`,
			push: `registry "HOST" answers 418 I'm a teapot for "g" ("\x1b[2J")`,
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			host := refusing(t, tt.status, tt.header, tt.code, tt.message)
			dockerConfig(t, `{"auths":{"`+host+`":{"auth":"`+base64.StdEncoding.EncodeToString([]byte("ada:s3cret"))+`"}}}`)
			if tt.anonymous {
				dockerConfig(t, `{}`)
			}
			ref := "oci://" + host + "/g:v1"
			if tt.pull != "" {
				_, _, err := oci.Pull(t.Context(), ref, oci.Options{})
				if want := `pulling "` + ref + `": ` + strings.ReplaceAll(tt.pull, "HOST", host); err == nil || err.Error() != want {
					t.Errorf("pulling: %v\nwant     %s", err, want)
				}
			}
			_, err := oci.Push(t.Context(), ref, []byte("a bundle"), oci.Options{})
			if want := `pushing to "` + ref + `": ` + strings.ReplaceAll(tt.push, "HOST", host); err == nil || err.Error() != want {
				t.Errorf("pushing: %v\nwant     %s", err, want)
			}
		})
	}
}

// TestABodyThatIsNoErrorOfARegistryIsNotRepeated holds that the page of some proxy on the way does not get into a message.
func TestABodyThatIsNoErrorOfARegistryIsNotRepeated(t *testing.T) {
	host := start(t, func(http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusBadGateway)
			_, _ = io.WriteString(w, "<html>bad gateway</html>")
		})
	})
	_, err := oci.Digest(t.Context(), "oci://"+host+"/g:v1", oci.Options{})
	if err == nil || strings.Contains(err.Error(), "html") {
		t.Errorf("error %v", err)
	}
}
