// Command authority serves, for tests, an authority that certifies identities and proves times, and writes into the
// directory that it is given: its address ("url"), and its certificates ("ca.pem", "between.pem", "tsa.pem", "stamper.pem").
// The address comes last. A second argument is how long its certificates of identities last.
package main

import (
	"crypto/x509"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"gwc.dev/schema/bundle/atomic"
	"gwc.dev/schema/bundle/keyless/authority"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		log.Fatal(err)
	}
}

func run(args []string) error {
	a, err := authority.New()
	if err != nil {
		return err
	}
	dir := args[0]
	if len(args) > 1 {
		if a.Lasts, err = time.ParseDuration(args[1]); err != nil {
			return err
		}
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	for name, c := range map[string]*x509.Certificate{"ca.pem": a.Root, "between.pem": a.Between, "tsa.pem": a.TimeRoot, "stamper.pem": a.Stamper} {
		if err := atomic.WriteFile(filepath.Join(dir, name), []byte(authority.PEM(c)), 0o644); err != nil {
			return err
		}
	}
	if err := atomic.WriteFile(filepath.Join(dir, "url"), fmt.Appendf(nil, "http://%s", listener.Addr()), 0o644); err != nil {
		return err
	}
	server := &http.Server{Handler: a.Handler(), ReadHeaderTimeout: time.Minute}
	return server.Serve(listener)
}
