package oci_test

import (
	"context"
	"encoding/base64"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"

	"gwc.dev/schema/bundle/oci"
)

// guarded starts a registry that asks for a user and a password.
func guarded(t *testing.T) string {
	t.Helper()
	return start(t, func(h http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if user, password, _ := r.BasicAuth(); user != "ada" || password != "s3cret" {
				w.Header().Set("WWW-Authenticate", `Basic realm="registry"`)
				w.WriteHeader(http.StatusUnauthorized)
				return
			}
			h.ServeHTTP(w, r)
		})
	})
}

// dockerConfig makes text the configuration of Docker for the test.
func dockerConfig(t *testing.T, text string) {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "config.json"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("HOME", t.TempDir())
	t.Setenv("DOCKER_CONFIG", dir)
	t.Setenv("REGISTRY_AUTH_FILE", "")
	t.Setenv("XDG_RUNTIME_DIR", "")
	t.Setenv("XDG_CONFIG_HOME", "")
}

// helper puts a credential helper of that name on the PATH.
func helper(t *testing.T, name, script string) {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "docker-credential-"+name), []byte("#!/bin/sh\n"+script), 0o700); err != nil { //nolint:gosec // it has to run
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+string(os.PathListSeparator)+os.Getenv("PATH"))
}

func TestCredentialsAreDockers(t *testing.T) {
	tests := map[string]func(t *testing.T, host string){
		"config": func(t *testing.T, host string) {
			dockerConfig(t, `{"auths":{"`+host+`":{"auth":"`+base64.StdEncoding.EncodeToString([]byte("ada:s3cret"))+`"}}}`)
		},
		"credential helper": func(t *testing.T, host string) {
			helper(t, "fake", `read -r server; [ "$1" = get ] && [ "$server" = "`+host+`" ] && echo '{"ServerURL":"","Username":"ada","Secret":"s3cret"}'`)
			dockerConfig(t, `{"credHelpers":{"`+host+`":"fake"}}`)
		},
		"credential store": func(t *testing.T, _ string) {
			helper(t, "store", `echo '{"ServerURL":"","Username":"ada","Secret":"s3cret"}'`)
			dockerConfig(t, `{"credsStore":"store"}`)
		},
		"podman's file, which counts before Docker's": func(t *testing.T, host string) {
			dockerConfig(t, `{"auths":{"`+host+`":{"auth":"`+base64.StdEncoding.EncodeToString([]byte("bob:wrong"))+`"}}}`)
			file := filepath.Join(t.TempDir(), "auth.json")
			if err := os.WriteFile(file, []byte(`{"auths":{"`+host+`/g":{"auth":"`+base64.StdEncoding.EncodeToString([]byte("ada:s3cret"))+`"}}}`), 0o600); err != nil {
				t.Fatal(err)
			}
			t.Setenv("REGISTRY_AUTH_FILE", file)
		},
		"Docker's where podman's has nothing": func(t *testing.T, host string) {
			dockerConfig(t, `{"auths":{"`+host+`":{"auth":"`+base64.StdEncoding.EncodeToString([]byte("ada:s3cret"))+`"}}}`)
			t.Setenv("REGISTRY_AUTH_FILE", filepath.Join(t.TempDir(), "absent.json"))
		},
		"podman's own place": func(t *testing.T, host string) {
			dockerConfig(t, `{}`)
			t.Setenv("DOCKER_CONFIG", t.TempDir())
			dir := t.TempDir()
			t.Setenv("XDG_RUNTIME_DIR", dir)
			if err := os.Mkdir(filepath.Join(dir, "containers"), 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(dir, "containers", "auth.json"), []byte(`{"auths":{"`+host+`":{"auth":"`+base64.StdEncoding.EncodeToString([]byte("ada:s3cret"))+`"}}}`), 0o600); err != nil {
				t.Fatal(err)
			}
		},
	}
	for name, configure := range tests {
		t.Run(name, func(t *testing.T) {
			host := guarded(t)
			configure(t, host)
			ref := "oci://" + host + "/g:v1"
			push(t, ref, []byte("data"), oci.Options{})
			if got, _, err := oci.Pull(t.Context(), ref, oci.Options{}); err != nil || string(got) != "data" {
				t.Errorf("pulled %q, %v", got, err)
			}
		})
	}
}

// TestDockerHubGoesByOtherNames holds that podman's file has credentials for it under the name that "podman login docker.io" writes, or
// under Docker's.
func TestDockerHubGoesByOtherNames(t *testing.T) {
	hub, err := name.NewRepository("docker.io/team/gateway")
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"docker.io", "https://index.docker.io/v1/"} {
		dockerConfig(t, `{}`)
		file := filepath.Join(t.TempDir(), "auth.json")
		if err := os.WriteFile(file, []byte(`{"auths":{"`+key+`":{"auth":"`+base64.StdEncoding.EncodeToString([]byte("ada:s3cret"))+`"}}}`), 0o600); err != nil {
			t.Fatal(err)
		}
		t.Setenv("REGISTRY_AUTH_FILE", file)
		auth, err := authn.Resolve(t.Context(), oci.DefaultKeychain(), hub)
		if err != nil {
			t.Fatal(err)
		}
		if c, err := authn.Authorization(t.Context(), auth); err != nil || c.Username != "ada" || c.Password != "s3cret" {
			t.Errorf("%s: %+v, %v", key, c, err)
		}
	}
}

func TestMissingCredentialsAreNamed(t *testing.T) {
	host := guarded(t)
	ref := "oci://" + host + "/g:v1"
	dockerConfig(t, `{}`)
	if _, err := oci.Digest(t.Context(), ref, oci.Options{}); err == nil || !strings.Contains(err.Error(), "docker login "+host) {
		t.Errorf("without credentials: %v", err)
	}
	dockerConfig(t, `{"auths":{"`+host+`":{"auth":"`+base64.StdEncoding.EncodeToString([]byte("ada:wr0ng"))+`"}}}`)
	_, err := oci.Push(t.Context(), ref, nil, oci.Options{})
	if err == nil || !strings.Contains(err.Error(), `the credentials of user "ada"`) || strings.Contains(err.Error(), "wr0ng") {
		t.Errorf("with wrong credentials: %v", err)
	}
	dockerConfig(t, `{"credHelpers":{"`+host+`":"that-is-not-installed"}}`)
	if _, err := oci.Digest(t.Context(), ref, oci.Options{}); err == nil || !strings.Contains(err.Error(), "finding credentials for registry") {
		t.Errorf("without the helper: %v", err)
	}
}

// hung is a keychain whose helper never answers.
type hung struct {
	release chan struct{}
	asked   atomic.Int32
}

func (h *hung) Resolve(authn.Resource) (authn.Authenticator, error) {
	h.asked.Add(1)
	<-h.release
	return authn.Anonymous, nil
}

func TestAHungCredentialHelperDoesNotOutliveTheContext(t *testing.T) {
	h := &hung{release: make(chan struct{})}
	defer close(h.release)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	_, err := oci.Digest(ctx, "oci://"+start(t, nil)+"/g:v1", oci.Options{Keychain: h})
	if err == nil || !strings.Contains(err.Error(), "finding credentials") {
		t.Errorf("error %v", err)
	}
}

// TestAHungCredentialHelperIsNotStartedAgain has somebody look again and again, as a proxy does.
func TestAHungCredentialHelperIsNotStartedAgain(t *testing.T) {
	h := &hung{release: make(chan struct{})}
	ref := "oci://" + start(t, nil) + "/g:v1"
	push(t, ref, []byte("a bundle"), oci.Options{})
	r, err := oci.ParseReference(ref)
	if err != nil {
		t.Fatal(err)
	}
	reader := oci.NewReader(r, oci.Options{Keychain: h})
	for range 3 {
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		if _, err := reader.Digest(ctx, "v1"); err == nil {
			t.Error("it answered")
		}
		cancel()
	}
	if n := h.asked.Load(); n != 1 {
		t.Errorf("it was started %d times", n)
	}
	close(h.release)
	if _, err := reader.Digest(t.Context(), "v1"); err != nil {
		t.Error(err)
	}
}

// TestACredentialHelperThatFailsIsToldInOneLine has one say whatever comes to its mind.
func TestACredentialHelperThatFailsIsToldInOneLine(t *testing.T) {
	host := guarded(t)
	for name, script := range map[string]string{
		"several lines":  `printf 'first\n\033[2Jsecond\n'; exit 1`,
		"much":           `head -c 100000 /dev/zero | tr '\\0' x; exit 1`,
		"credentials":    `echo '{"ServerURL":"","Username":"ada","Secret":"s3cret"}'; exit 1`,
		"no JSON":        `printf 'hello\nworld'`,
		"nothing":        ``,
		"to stderr only": `printf 'first\nsecond' >&2; exit 3`,
	} {
		t.Run(name, func(t *testing.T) {
			helper(t, "odd", script)
			dockerConfig(t, `{"credHelpers":{"`+host+`":"odd"}}`)
			_, err := oci.Digest(t.Context(), "oci://"+host+"/g:v1", oci.Options{})
			if err == nil || !strings.Contains(err.Error(), host) || strings.ContainsAny(err.Error(), "\n\x1b\x00") || strings.Contains(err.Error(), "s3cret") || len(err.Error()) > 1000 {
				t.Errorf("error %.2000q", err)
			}
		})
	}
}
