package chain_test

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"gwc.dev/runtime/conformance/gateway"
)

// A proxy starts one in front of an address, for the length of a test, and returns its own address.
type proxy func(t *testing.T, backend string) string

// environment sends every request to one backend.
const environment = `
listeners: http: port: 8080
upstreams: backend: endpoints: main: {host: %q, port: %s}
timeout: "30s"
rateLimit: client: {requests: 1000000, per: "second"}
apis: all: {
	owner: "conformance"
	routes: all: backends: backend: {}
}
waivers: all: {
	code:    "write-without-auth"
	path:    "apis.all.routes.all"
	reason:  "The cases send no credentials."
	expires: "2099-12-31"
}
`

func gwproxy(t *testing.T, backend string) string {
	t.Helper()
	host, port, err := net.SplitHostPort(backend)
	if err != nil {
		t.Fatal(err)
	}
	return commands.Start(t, gateway.Environment{
		Definition: fmt.Sprintf(environment, host, port), Listeners: []string{"http"},
	}).Address("http")
}

const nginxSettings = `
daemon off;
master_process off;
pid %[1]s/nginx.pid;
error_log stderr warn;
events {}
http {
	access_log off;
	client_body_temp_path %[1]s/body;
	proxy_temp_path %[1]s/proxy;
	fastcgi_temp_path %[1]s/fastcgi;
	uwsgi_temp_path %[1]s/uwsgi;
	scgi_temp_path %[1]s/scgi;
	upstream next {
		server %[3]s;
		keepalive 8;
	}
	server {
		listen %[2]s;
		underscores_in_headers on;
		location / {
			proxy_pass http://next;
			proxy_http_version 1.1;
			proxy_set_header Host $http_host;
			proxy_set_header Connection "";
			proxy_next_upstream off;
		}
	}
}
`

func nginx(t *testing.T, backend string) string {
	t.Helper()
	dir, address := t.TempDir(), freeAddress(t)
	settings := filepath.Join(dir, "nginx.conf")
	write(t, settings, fmt.Sprintf(nginxSettings, dir, address, backend))
	run(t, address, "nginx", "-p", dir, "-e", "stderr", "-c", settings)
	return address
}

const haproxySettings = `
defaults
	mode http
	timeout connect 20s
	timeout client 20s
	timeout server 20s
frontend main
	bind %s
	default_backend next
backend next
	http-reuse always
	server main %s
`

func haproxy(t *testing.T, backend string) string {
	t.Helper()
	address := freeAddress(t)
	settings := filepath.Join(t.TempDir(), "haproxy.cfg")
	write(t, settings, fmt.Sprintf(haproxySettings, address, backend))
	run(t, address, "haproxy", "-db", "-f", settings)
	return address
}

// install installs the Debian packages of what is missing. That needs root.
func install(t *testing.T, programs ...string) {
	t.Helper()
	for _, program := range programs {
		if _, err := exec.LookPath(program); err == nil {
			continue
		}
		for _, args := range [][]string{{"update"}, {"install", "-y", "--no-install-recommends", program}} {
			cmd := exec.CommandContext(t.Context(), "apt-get", args...)
			cmd.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive")
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Fatalf("%s is missing, and apt-get %v: %v\n%s", program, args, err, out)
			}
		}
	}
}

// run runs a program until the test ends, and waits until it listens.
func run(t *testing.T, address, program string, args ...string) {
	t.Helper()
	var log bytes.Buffer
	cmd := exec.Command(program, args...)
	cmd.Stdout, cmd.Stderr = &log, &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM) // it may have ended
		_ = cmd.Wait()                          // of a signal
		if t.Failed() {
			t.Logf("%s:\n%s", program, &log)
		}
	})
	for end := time.Now().Add(limit); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", address)
		if err == nil {
			conn.Close()
			return
		}
	}
	t.Fatalf("%s does not listen on %s", program, address)
}

// freeAddress returns a loopback address that nobody listens on.
func freeAddress(t *testing.T) string {
	t.Helper()
	ln, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	return ln.Addr().String()
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
