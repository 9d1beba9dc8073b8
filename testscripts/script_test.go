package testscripts_test

import (
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"log"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/rogpeppe/go-internal/testscript"
	"sigs.k8s.io/yaml"

	"gwc.dev/schema/bundle/keyless/authority"
)

// bin holds gwc and gwproxy as they are shipped.
var bin string

func TestMain(m *testing.M) {
	os.Exit(run(m))
}

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "gwc-bin-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	bin = dir
	build := exec.Command("go", "build", "-o", dir+"/", "./cmd/gwc", "./cmd/gwproxy", "cuelang.org/go/cmd/cue")
	build.Dir = ".."
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "building the commands: %v\n%s", err, out)
		return 1
	}
	return m.Run()
}

// depend makes results of these tests, which go test remembers, depend on the files that the commands are built from: go
// test notes which files a test looks at.
func depend(root string) error {
	return filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (d.Name() == ".git" || d.Name() == "bin"):
			return filepath.SkipDir
		case d.IsDir():
			return nil
		}
		_, err = os.Stat(name)
		return err
	})
}

func TestScripts(t *testing.T) {
	repo, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	if err := depend(repo); err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata",
		UpdateScripts:       os.Getenv("GWC_UPDATE") != "",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(env *testscript.Env) error {
			env.Setenv("PATH", bin+string(os.PathListSeparator)+os.Getenv("PATH"))
			env.Setenv("REPO", repo)
			env.Setenv("HOME", env.WorkDir)
			env.Setenv("GWC_PASSWORD", "correct horse")
			env.Setenv("GIT_CONFIG_NOSYSTEM", "1")
			env.Setenv("SOURCE_DATE_EPOCH", "1767225600") // 2026-01-01
			for _, who := range []string{"AUTHOR", "COMMITTER"} {
				env.Setenv("GIT_"+who+"_NAME", "A. Person")
				env.Setenv("GIT_"+who+"_EMAIL", "person@example.com")
				env.Setenv("GIT_"+who+"_DATE", "2026-01-01T00:00:00Z")
			}
			return nil
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"status":    status,
			"registry":  startRegistry,
			"authority": startAuthority,
			"retag":     retag,
			"freeport":  freeport,
			"mask":      mask,
			"get":       get,
			"serial":    serial,
			"refused":   refused,
			"isolated":  isolated,
			"tells":     tells,
			"step":      step,
		},
	})
}

// status runs a command and checks its exit status: status 2 gwc vet nowhere.
func status(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: status N command [arg...]")
	}
	err := ts.Exec(args[1], args[2:]...)
	got := "0"
	if err != nil {
		exit, ok := err.(*exec.ExitError)
		if !ok {
			ts.Fatalf("%v", err)
		}
		got = fmt.Sprint(exit.ExitCode())
	}
	if got != args[0] {
		ts.Fatalf("%s exited with %s, want %s", strings.Join(args[1:], " "), got, args[0])
	}
}

// step runs a step of a workflow or an action as its runner does: step STATUS FILE NAME.
func step(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: step STATUS FILE NAME")
	}
	type steps struct {
		Steps []struct{ Name, Run string }
	}
	var file struct {
		Jobs map[string]steps
		Runs steps // of an action
	}
	ts.Check(yaml.Unmarshal([]byte(ts.ReadFile(args[1])), &file))
	for _, part := range append(slices.Collect(maps.Values(file.Jobs)), file.Runs) {
		for _, s := range part.Steps {
			if s.Name == args[2] {
				status(ts, false, []string{args[0], "bash", "-e", "-o", "pipefail", "-c", s.Run})
				return
			}
		}
	}
	ts.Fatalf("%s has no step %q", args[1], args[2])
}

// startAuthority starts one that certifies identities and proves times, puts its URL into a variable, and writes its
// certificates, ca.pem and tsa.pem, and a token of an identity: authority VARIABLE ISSUER SUBJECT.
func startAuthority(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: authority VARIABLE ISSUER SUBJECT")
	}
	a, err := authority.New()
	ts.Check(err)
	s := httptest.NewServer(a.Handler())
	ts.Defer(s.Close)
	ts.Setenv(args[0], s.URL)
	for name, text := range map[string]string{
		"ca.pem": authority.PEM(a.Root, a.Between), "tsa.pem": authority.PEM(a.TimeRoot), "token": authority.Token(args[1], args[2]) + "\n",
	} {
		ts.Check(os.WriteFile(ts.MkAbs(name), []byte(text), 0o600))
	}
}

// startRegistry starts an OCI registry and puts its address into a variable: registry REGISTRY. With a status it answers
// whatever somebody wants of a repository with that, and a header: registry REGISTRY 429 "Retry-After: 120".
func startRegistry(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 1 || len(args) > 3 {
		ts.Fatalf("usage: registry VARIABLE [STATUS [HEADER]]")
	}
	handler := registry.New(registry.Logger(log.New(io.Discard, "", 0)))
	if len(args) > 1 {
		status, err := strconv.Atoi(args[1])
		ts.Check(err)
		name, value, _ := strings.Cut(strings.Join(args[2:], ""), ": ")
		handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/v2/" {
				return
			}
			if name != "" {
				w.Header().Set(name, value)
			}
			w.WriteHeader(status)
		})
	}
	s := httptest.NewServer(handler)
	ts.Defer(s.Close)
	ts.Setenv(args[0], s.Listener.Addr().String())
}

// retag has a tag of a repository stand for what another one does, as whoever may write there can: retag REPOSITORY FROM TO.
func retag(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: retag REPOSITORY FROM TO")
	}
	from, err := name.NewTag(args[0] + ":" + args[1])
	ts.Check(err)
	found, err := remote.Get(from)
	ts.Check(err)
	ts.Check(remote.Tag(from.Context().Tag(args[2]), found))
}

// freeport puts the number of a port that nobody listens on into a variable: freeport PORT.
func freeport(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: freeport VARIABLE")
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	ts.Check(err)
	ts.Setenv(args[0], fmt.Sprint(l.Addr().(*net.TCPAddr).Port))
	ts.Check(l.Close())
}

// mask replaces what a pattern matches in a file, so that the rest can be compared: mask FILE PATTERN TEXT.
func mask(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: mask FILE PATTERN TEXT")
	}
	re, err := regexp.Compile(args[1])
	ts.Check(err)
	text := re.ReplaceAllString(ts.ReadFile(args[0]), args[2])
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(text), 0o644))
}

// get makes a request and leaves status and body in a file: get FILE METHOD URL [header...].
func get(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 3 {
		ts.Fatalf("usage: get FILE METHOD URL [header: value...]")
	}
	req, err := http.NewRequest(args[1], args[2], nil)
	ts.Check(err)
	for _, h := range args[3:] {
		name, value, _ := strings.Cut(h, ":")
		if strings.EqualFold(name, "host") {
			req.Host = strings.TrimSpace(value)
			continue
		}
		req.Header.Add(name, strings.TrimSpace(value))
	}
	client := &http.Client{
		Transport:     &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	resp, err := client.Do(req)
	ts.Check(err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), fmt.Appendf(nil, "%d\n%s", resp.StatusCode, body), 0o644))
}

// proxyStatus asks an admin port until an answer holds.
func proxyStatus(ts *testscript.TestScript, port string, holds func(body string) bool) {
	body := ""
	for deadline := time.Now().Add(15 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		resp, err := http.Get("http://127.0.0.1:" + port + "/status")
		if err != nil {
			body = err.Error()
			continue
		}
		text, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		ts.Check(err)
		if body = string(text); holds(body) {
			return
		}
	}
	ts.Fatalf("waited for the proxy; its status is\n%s", body)
}

// serial waits until a proxy serves a serial: serial ADMINPORT N.
func serial(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: serial ADMINPORT N")
	}
	proxyStatus(ts, args[0], func(body string) bool {
		var s struct{ Active struct{ Serial json.Number } }
		return json.Unmarshal([]byte(body), &s) == nil && s.Active.Serial.String() == args[1]
	})
}

// isolated waits until a proxy leaves so much out: isolated ADMINPORT N.
func isolated(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: isolated ADMINPORT N")
	}
	proxyStatus(ts, args[0], func(body string) bool {
		var s struct{ Isolated []struct{} }
		return json.Unmarshal([]byte(body), &s) == nil && strconv.Itoa(len(s.Isolated)) == args[1]
	})
}

// tells waits until a proxy's status matches a pattern: tells ADMINPORT PATTERN.
func tells(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: tells ADMINPORT PATTERN")
	}
	pattern, err := regexp.Compile(args[1])
	ts.Check(err)
	proxyStatus(ts, args[0], pattern.MatchString)
}

// refused waits until a proxy has refused a bundle for a reason: refused ADMINPORT REASON.
func refused(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: refused ADMINPORT REASON")
	}
	proxyStatus(ts, args[0], func(body string) bool {
		var s struct{ Refused struct{ Reason string } }
		return json.Unmarshal([]byte(body), &s) == nil && s.Refused.Reason == args[1]
	})
}
