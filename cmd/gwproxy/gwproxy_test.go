package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gwc.dev/schema"
	"gwc.dev/schema/bundle"
	"gwc.dev/schema/bundle/key"
)

// files are a signed bundle and the public key that it is verified with.
func files(t *testing.T) (sealed, public string) {
	t.Helper()
	k, err := key.Generate(key.ECDSA)
	if err != nil {
		t.Fatal(err)
	}
	g := &schema.Gateway{
		Environment: "test", Listeners: map[string]schema.Listener{"http": {Port: 8080}},
		APIs: map[string]schema.API{"hello": {Routes: map[string]schema.Route{"all": {Respond: &schema.Respond{Body: "hello"}}}}},
	}
	data, err := bundle.Seal(bundle.Contents{Environment: "test", Serial: 1, Gateway: g.Resolve()}, k)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	sealed, public = filepath.Join(dir, "test.bundle"), filepath.Join(dir, "gwc.pub")
	for path, text := range map[string][]byte{sealed: data, public: k.Public().Marshal()} {
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return sealed, public
}

func TestAWrongCommandLineIsOneClearLine(t *testing.T) {
	_, public := files(t)
	garbage := filepath.Join(t.TempDir(), "garbage.pub")
	if err := os.WriteFile(garbage, []byte("hello"), 0o600); err != nil {
		t.Fatal(err)
	}
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	tests := map[string]struct {
		args   string
		status int
		want   string
	}{
		"nothing":            {"", 2, "--source is missing"},
		"no key":             {"--source file:x", 2, "--key or --trust is missing"},
		"key and no key":     {"--source file:x --key x --insecure-skip-verify", 2, "exclude each other"},
		"unknown flag":       {"--sauce file:x", 2, "-sauce"},
		"an argument":        {"--source file:x --key x extra", 2, `"extra"`},
		"key is not there":   {"--source file:x --key none.pub", 2, `reading trust "none.pub": no such file or directory`},
		"key is none":        {"--source file:x --key " + garbage, 2, "garbage.pub"},
		"unknown source":     {"--source ftp://x --key " + public, 2, `"ftp"`},
		"address is none":    {"--source file:x --key " + public + " --listen http=8080", 2, `"http"`},
		"address twice":      {"--source file:x --listen a=:1 --listen a=:2", 2, `"a"`},
		"negative time":      {"--source file:x --key x --drain-timeout -1s", 2, "--drain-timeout"},
		"too short":          {"--source file:x --key x --max-staleness 10s", 2, "--max-staleness must be longer than --poll-interval and --long-poll, 30s"},
		"held too long":      {"--source file:x --key x --long-poll 1h", 2, "--long-poll must be from 1s to 10m0s"},
		"unready at no time": {"--source file:x --key x --unready-when-stale", 2, "needs --max-staleness"},
		"keys for a moment":  {"--source file:x --key x --jwks-max-age 1m", 2, "--jwks-max-age must be at least 5m"},
		"half a client":      {"--source file:x --key x --registry-cert x", 2, "--registry-cert and --registry-key go together"},
		"unknown level":      {"--source file:x --key x --log-level loud", 2, "loud"},
		"log cannot be made": {"--source file:x --key " + public + " --access-log /none/log", 2, `"/none/log"`},
		"admin port taken":   {"--source file:x --key " + public + " --admin " + taken.Addr().String(), 1, taken.Addr().String()},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			var stdout, stderr bytes.Buffer
			status := run(t.Context(), strings.Fields(test.args), &stdout, &stderr)
			text := stderr.String()
			if status != test.status || !strings.Contains(text, test.want) || strings.Count(text, "\n") != 1 || stdout.Len() > 0 {
				t.Errorf("status %d, want %d and a line with %q\nstdout: %s\nstderr: %s", status, test.status, test.want, &stdout, text)
			}
		})
	}
}

func TestHelpNamesEveryFlag(t *testing.T) {
	var stdout, stderr bytes.Buffer
	if status := run(t.Context(), []string{"--help"}, &stdout, &stderr); status != 0 || stderr.Len() > 0 {
		t.Errorf("status %d, stderr %q", status, &stderr)
	}
	for _, f := range []string{
		"source", "key", "trust", "insecure-skip-verify", "environment", "poll-interval", "long-poll", "source-ca", "registry-cert", "registry-key", "plain-http", "state-dir", "max-staleness", "unready-when-stale", "secrets-dir", "jwks-max-age", "isolate", "listen", "reveal-route",
		"drain-delay", "drain-timeout", "admin", "access-log", "log-level", "version",
	} {
		if !strings.Contains(stdout.String(), "  --"+f+" ") {
			t.Errorf("there is no --%s in the help", f)
		}
	}
}

func TestItServesUntilItIsToldToStop(t *testing.T) {
	sealed, public := files(t)
	log := filepath.Join(t.TempDir(), "access.log")
	admin := freeAddress(t)
	listen := freeAddress(t)
	ctx, stop := context.WithCancel(t.Context())
	var stdout, stderr bytes.Buffer
	done := make(chan int, 1)
	go func() {
		done <- run(ctx, []string{
			"--source", "file:" + sealed, "--key", public, "--admin", admin, "--listen", "http=" + listen, "--access-log", log,
		}, &stdout, &stderr)
	}()
	if got := eventually(t, "http://"+listen+"/"); got != "hello" {
		t.Errorf("answer %q", got)
	}
	stop()
	if status := <-done; status != 0 {
		t.Errorf("status %d: %s", status, &stderr)
	}
	data, err := os.ReadFile(log)
	if err != nil {
		t.Fatal(err)
	}
	var line struct {
		API    string
		Status int
	}
	if err := json.Unmarshal(bytes.TrimSpace(data), &line); err != nil || line.API != "hello" || line.Status != 200 {
		t.Errorf("access log %s: %v", data, err)
	}
}

func freeAddress(t *testing.T) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	return ln.Addr().String()
}

// The proxy is small because of what it does not link.
func TestItLinksNoCompiler(t *testing.T) {
	out, err := exec.CommandContext(t.Context(), "go", "list", "-deps", ".").Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, dep := range strings.Fields(string(out)) {
		for _, forbidden := range []string{
			"cuelang.org/", "github.com/open-policy-agent/", "sigs.k8s.io/", "k8s.io/", "github.com/fluxcd/",
			"gwc.dev/compiler", "gwc.dev/policy",
		} {
			if strings.HasPrefix(dep, forbidden) {
				t.Errorf("gwproxy links %s", dep)
			}
		}
	}
}

func fetch(ctx context.Context, url string) (string, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return "", err
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	return string(body), err
}

func eventually(t *testing.T, url string) string {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		body, err := fetch(t.Context(), url)
		if err == nil {
			return body
		}
		if time.Now().After(end) {
			t.Fatal(err)
		}
	}
}
