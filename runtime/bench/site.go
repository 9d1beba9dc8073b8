package main

import (
	"context"
	"embed"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
	"text/template"
)

//go:embed config
var config embed.FS

// A site is the directory that a run builds and configures everything in, and what the configurations name.
type site struct {
	Dir      string
	Kilobyte string // what is answered but for large answers
	Root     bool   // nginx's workers must be told to stay root, or they could not read Dir
	ports
	APIKeyDigest, Issuer, Audience, KeySet string
	Tokens                                 []string
}

// Ports are those of the backends, of the proxies and of gwproxy's admin addresses.
type ports struct {
	Files, GRPC                     int
	NginxPlain, NginxTLS            int
	HAProxyPlain, HAProxyTLS        int
	CaddyPlain, CaddyTLS            int
	GwproxyPlain, GwproxyTLS, Admin int
	TablePlain, TableAdmin          int
}

func (s *site) path(name string) string { return filepath.Join(s.Dir, name) }

// choosePorts finds ports that nobody listens at.
func (s *site) choosePorts() error {
	for _, port := range []*int{
		&s.Files, &s.GRPC, &s.NginxPlain, &s.NginxTLS, &s.HAProxyPlain, &s.HAProxyTLS, &s.CaddyPlain, &s.CaddyTLS,
		&s.GwproxyPlain, &s.GwproxyTLS, &s.Admin, &s.TablePlain, &s.TableAdmin,
	} {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return err
		}
		defer l.Close() // all stay open until all are chosen, so that they differ
		*port = l.Addr().(*net.TCPAddr).Port
	}
	return nil
}

// build builds the programs that are not packages.
func (s *site) build(ctx context.Context, source string) error {
	for _, p := range []struct{ dir, pkg string }{{source, "./cmd/gwc"}, {source, "./cmd/gwproxy"}, {"caddy", "."}} {
		cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags=-s -w", "-o", s.Dir+"/", p.pkg)
		cmd.Dir = p.dir
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("building %s in %s: %w\n%s", p.pkg, p.dir, err, out)
		}
	}
	return nil
}

// configure writes what the programs are given, certificates and tokens among it.
func (s *site) configure() error {
	cert, key, err := certificate()
	if err != nil {
		return err
	}
	s.Tokens, s.KeySet, err = tokens(1000)
	if err != nil {
		return err
	}
	s.Kilobyte = strings.Repeat("a", 1<<10)
	s.APIKeyDigest, s.Issuer, s.Audience = apiKeyDigest(), issuer, audience
	files := map[string]string{
		"tls.crt": cert, "tls.key": key, "both.pem": cert + key,
		"secrets/bench/tls.crt": cert, "secrets/bench/tls.key": key,
		"www/1m": strings.Repeat("a", 1<<20), "grpc-message": grpcMessage,
	}
	for _, name := range []string{"backend.conf", "nginx.conf", "haproxy.cfg", "Caddyfile", "tokens.lua", "upload.lua"} {
		if files[name], err = s.render(name); err != nil {
			return err
		}
	}
	for name, text := range files {
		if err := s.write(name, text); err != nil {
			return err
		}
	}
	return nil
}

// render returns an embedded configuration with this site's names in it.
func (s *site) render(name string) (string, error) {
	t, err := template.ParseFS(config, path.Join("config", name))
	if err != nil {
		return "", err
	}
	var b strings.Builder
	err = t.Execute(&b, s)
	return b.String(), err
}

func (s *site) write(name, text string) error {
	if err := os.MkdirAll(filepath.Dir(s.path(name)), 0o755); err != nil {
		return err
	}
	return os.WriteFile(s.path(name), []byte(text), 0o644)
}
