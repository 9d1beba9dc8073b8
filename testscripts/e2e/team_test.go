package e2e_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// gatewayCUE is the team's gateway: an API that answers by itself, with a text that changes.
const gatewayCUE = `package gateway

import gw "gwc.dev/schema/v1"

gw.#Gateway

listeners: http: port: 8080
consumers: app: apiKeys: primary: secret: "app/api-key"
apis: hello: {
	owner: "my-team"
	hosts: ["api.example.com"]
	auth: apiKey: header: "apikey"
	routes: default: {
		match: {path: prefix: "/hello", methods: ["GET"]}
		respond: {status: 200, body: %q}
	}
}
tests: "the-app-is-greeted": {
	request: {url: "http://api.example.com/hello", consumer: "app"}
	want: {status: 200, route: "hello/default"}
}
`

const environmentCUE = `package gateway

environment: %q
targets: {
	kube: repository: "oci://%s/gateway/%[1]s"
	flux: interval: "1s"
}
waivers: plain: {
	code:    "plaintext-listener"
	path:    "listeners.http"
	reason:  "what is tested needs no TLS"
	expires: "2099-12-31"
}
`

// A team has a git repository, a registry to push to, and keys.
type team struct {
	t        testing.TB
	dir      string
	registry *ociRegistry
	signer   string // the name of the key that signs
	serial   uint64
}

func newTeam(t testing.TB, r *ociRegistry) *team {
	t.Helper()
	to := &team{t: t, dir: filepath.Join(t.TempDir(), "gateway"), registry: r, signer: "gwc"}
	to.must(".", "gwc", "init", to.dir)
	for _, name := range []string{"gwc", "next", "guest", "stranger"} {
		to.gwc("keygen", "-o", filepath.Join("..", name))
	}
	for _, environment := range []string{"dev", "production"} {
		to.write("environments/"+environment+"/gateway.cue", fmt.Sprintf(environmentCUE, environment, r.address))
	}
	to.must(to.dir, "git", "init", "-q", "-b", "main")
	return to
}

func (to *team) must(dir, name string, args ...string) string {
	to.t.Helper()
	out, err := output(dir, name, args...)
	if err != nil {
		to.t.Fatal(err)
	}
	return strings.TrimSpace(out)
}

func (to *team) gwc(args ...string) string {
	to.t.Helper()
	return to.must(to.dir, "gwc", args...)
}

func (to *team) write(name, text string) {
	to.t.Helper()
	if err := os.WriteFile(filepath.Join(to.dir, filepath.FromSlash(name)), []byte(text), 0o644); err != nil {
		to.t.Fatal(err)
	}
}

func (to *team) read(name string) []byte {
	to.t.Helper()
	data, err := os.ReadFile(filepath.Join(to.dir, filepath.FromSlash(name)))
	if err != nil {
		to.t.Fatal(err)
	}
	return data
}

// commit changes what the API answers.
func (to *team) commit(text string) {
	to.t.Helper()
	to.write("environments/gateway.cue", fmt.Sprintf(gatewayCUE, text))
	to.must(to.dir, "git", "add", "-A")
	to.must(to.dir, "git", "commit", "-q", "-m", text)
}

// key is a private key's file.
func (to *team) key(name string) string { return filepath.Join("..", name+".key") }

// ci does what a pipeline does with a commit, and returns the reference of what was pushed. Commits of one second have
// the same time, so the serial is counted.
func (to *team) ci(environment string) string {
	to.t.Helper()
	began := time.Now()
	to.gwc("vet", "environments/"+environment)
	to.gwc("test", "environments/"+environment)
	to.gwc("diff", "environments/"+environment, "--base", "HEAD")
	ref := to.push(environment, to.signer)
	to.t.Logf("%6.2f s  vetted, tested, compared, built, signed and pushed", time.Since(began).Seconds())
	return ref
}

func (to *team) push(environment, key string, more ...string) string {
	to.t.Helper()
	to.serial++
	args := []string{"push", "environments/" + environment, "--key", to.key(key), "--serial", fmt.Sprint(to.serial)}
	return to.gwc(append(args, more...)...)
}

// public is the text of a public key.
func (to *team) public(name string) string { return string(to.read("../" + name + ".pub")) }
