package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"gwc.dev/schema/bundle"
	"gwc.dev/schema/bundle/archive"
	"gwc.dev/schema/bundle/oci"
)

func (d *demo) vet() error {
	if err := d.show("vet"); err != nil {
		return err
	}
	fmt.Println("(silent: dev, staging and production are fine)")
	return nil
}

func (d *demo) diff() error {
	return d.show("diff", environment, "--base", "first")
}

// reference is where the bundles of the dev environment are pushed to.
func (d *demo) reference() string {
	return "oci://" + d.registry.Listener.Addr().String() + "/gateway/dev:dev"
}

// publish builds, signs and pushes a revision of the repository.
func (d *demo) publish(tag string, serial int) error {
	if err := d.quietly("git", "checkout", "-q", tag); err != nil {
		return err
	}
	key := filepath.Join(d.dir, "gwc.key")
	if _, err := os.Stat(key); errors.Is(err, fs.ErrNotExist) {
		if err := d.show("keygen", "-o", filepath.Join(d.dir, "gwc")); err != nil {
			return err
		}
	}
	file := filepath.Join(d.dir, tag+".bundle")
	if err := d.show("build", environment, "-o", file, "--key", key, "--serial", fmt.Sprint(serial)); err != nil {
		return err
	}
	return d.show("push", file, d.reference(), "--plain-http")
}

func (d *demo) serve() error {
	var err error
	if d.gateway, err = freeAddress(); err != nil {
		return err
	}
	if d.admin, err = freeAddress(); err != nil {
		return err
	}
	if d.proxyLog, err = os.Create(filepath.Join(d.dir, "gwproxy.log")); err != nil {
		return err
	}
	args := []string{
		"--source", d.reference(), "--plain-http", "--poll-interval", "200ms",
		"--key", filepath.Join(d.dir, "gwc.pub"),
		"--secrets-dir", filepath.Join(d.dir, "secrets"),
		"--state-dir", filepath.Join(d.dir, "state"),
		"--listen", "http=" + d.gateway, "--admin", d.admin,
	}
	fmt.Println("$ gwproxy", strings.Join(args, " "))
	d.proxy = d.command("gwproxy", args...)
	d.proxy.Stdout, d.proxy.Stderr = d.proxyLog, d.proxyLog
	d.proxy.Cancel = func() error { return d.proxy.Process.Signal(os.Interrupt) }
	d.ended = make(chan error, 1)
	if err := d.proxy.Start(); err != nil {
		d.proxy = nil
		return err
	}
	go func() { d.ended <- d.proxy.Wait() }()
	if err := d.until("the proxy to be ready", func() bool { return d.active() != "" }); err != nil {
		return err
	}
	fmt.Println("serving", d.active())
	return nil
}

// active returns the revision that the proxy serves, or "".
func (d *demo) active() string {
	_, body, err := d.adminGet("/status")
	if err != nil {
		return ""
	}
	var status struct {
		Active *struct {
			Revision string `json:"revision"`
		} `json:"active"`
	}
	if json.Unmarshal([]byte(body), &status) != nil || status.Active == nil {
		return ""
	}
	return status.Active.Revision
}

func (d *demo) requests() error {
	token, err := d.standIns.token("ada")
	if err != nil {
		return err
	}
	key := "apikey: " + d.apiKey
	for _, r := range []request{
		{"without a key", "GET", "/echo/hello", nil, 401},
		{"with a key", "GET", "/echo/hello", []string{key}, 200},
		{"the canary, asked for by header", "GET", "/echo/hello", []string{key, "x-api-version: v2"}, 200},
		{"a browser's preflight", "OPTIONS", "/echo/hello", []string{"Origin: http://localhost:3000", "Access-Control-Request-Method: POST"}, 204},
		{"the third in this minute", "GET", "/echo/3", []string{key}, 200},
		{"the fourth", "GET", "/echo/4", []string{key}, 200},
		{"the fifth", "GET", "/echo/5", []string{key}, 200},
		{"the sixth", "GET", "/echo/6", []string{key}, 429},
		{"users, without a token", "GET", "/users/ada", nil, 401},
		{"users, with a token", "GET", "/users/ada", []string{"Authorization: Bearer " + token}, 200},
		{"a path that moved", "GET", "/catalogue/7", nil, 308},
	} {
		if err := d.try(r); err != nil {
			return err
		}
	}
	return nil
}

// swap publishes the second revision while requests go on, of which none may fail.
func (d *demo) swap() error {
	before := d.active()
	load := startLoad("http://"+d.gateway+"/products/7", 4)
	err := d.publish("second", 2)
	if err == nil {
		err = d.until("the new revision", func() bool { r := d.active(); return r != "" && r != before })
	}
	sent, failed := load.stop()
	if err != nil {
		return err
	}
	fmt.Printf("was %s\nnow %s\n%d requests meanwhile, %d not answered with 200\n", before, d.active(), sent, failed)
	if failed > 0 {
		return errors.New("requests failed during the swap")
	}
	return nil
}

// tamper raises a limit in a signed bundle and pushes it past gwc, as somebody could who has the registry's password
// and not the key.
func (d *demo) tamper() error {
	data, err := os.ReadFile(filepath.Join(d.dir, "second.bundle"))
	if err != nil {
		return err
	}
	if data, err = tampered(data); err != nil {
		return err
	}
	if _, err := oci.Push(d.ctx, d.reference(), data, oci.Options{PlainHTTP: true}); err != nil {
		return err
	}
	before := d.active()
	if err := d.until("the refusal", func() bool {
		_, body, err := d.adminGet("/status")
		var status struct {
			Refused *struct{} `json:"refused"`
		}
		return err == nil && json.Unmarshal([]byte(body), &status) == nil && status.Refused != nil
	}); err != nil {
		return err
	}
	var exit *exec.ExitError
	if err := d.show("status", d.admin); !errors.As(err, &exit) || exit.ExitCode() != 1 {
		return fmt.Errorf("gwc status: %v, expected exit status 1", err)
	}
	if d.active() != before {
		return errors.New("the proxy serves another revision")
	}
	return d.try(request{"the last good one serves", "GET", "/echo/after", []string{"apikey: " + d.apiKey}, 200})
}

// tampered returns a bundle with another rate limit, packed as well as gwc packs it.
func tampered(data []byte) ([]byte, error) {
	limits := archive.Limits{Packed: bundle.MaxSize, Unpacked: bundle.MaxUnpacked, Files: 16}
	files, err := archive.Unpack(data, limits)
	if err != nil {
		return nil, err
	}
	for i := range files {
		files[i].Data = bytes.ReplaceAll(files[i].Data, []byte(`"requests":100000`), []byte(`"requests":900000`))
	}
	return archive.Pack(files)
}

func (d *demo) render() error {
	out := filepath.Join(d.dir, "rendered")
	if err := d.show("render", "environments/production", "-o", out, "--key", filepath.Join(d.dir, "gwc.pub")); err != nil {
		return err
	}
	return filepath.WalkDir(out, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		name, err := filepath.Rel(out, path)
		fmt.Printf("%7d  %s\n", info.Size(), name)
		return err
	})
}

// invite tells the reader what is there to try.
func (d *demo) invite() {
	fmt.Printf(`
Left running until interrupted (Ctrl-C). Try:

  curl -i http://%[1]s/echo/hello
  curl -i http://%[1]s/echo/hello -H 'apikey: %[2]s'
  curl -s http://%[3]s/status
  curl -s http://%[3]s/metrics | grep ^gwproxy_

The definitions are in %[4]s; gwc is %[5]s. Change one and publish it:

  cd %[4]s
  export GWC_PASSWORD=demo
  %[5]s build %[6]s -o next.bundle --key %[7]s --serial 3
  %[5]s push next.bundle %[8]s --plain-http
`, d.gateway, d.apiKey, d.admin, d.repo, filepath.Join(d.bin, "gwc"), environment, filepath.Join(d.dir, "gwc.key"), d.reference())
}
