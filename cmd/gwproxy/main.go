// Command gwproxy serves the bundles that gwc builds.
//
//	gwproxy --source oci://registry.example.com/gateway/production:stable --key gwc.pub
//
// It takes bundles from a file, a web server or a registry, verifies them, and serves the newest good one; a
// bundle that it cannot serve it refuses, and goes on with the one before. It links neither CUE nor OPA nor
// Kubernetes: what it is given is compiled already.
//
// The exit status is 0 after a drain, 1 if it could not begin to serve, and 2 if the command line is wrong.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"gwc.dev/cmd/internal/version"
	"gwc.dev/runtime"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	context.AfterFunc(ctx, stop) // a second signal ends the process at once, drained or not
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// run is the command.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	s, err := parse(args)
	if err != nil {
		fmt.Fprintf(stderr, "gwproxy: %v (see gwproxy --help)\n", err)
		return 2
	}
	switch {
	case s.help:
		fmt.Fprint(stdout, usage)
		return 0
	case s.showVersion:
		fmt.Fprintln(stdout, "gwproxy "+version.Of())
		return 0
	}
	options, done, err := s.options(stdout, stderr)
	if err != nil {
		fmt.Fprintf(stderr, "gwproxy: %v\n", err)
		return 2
	}
	defer done()
	server, err := runtime.New(options)
	if err != nil {
		fmt.Fprintf(stderr, "gwproxy: %v\n", err)
		return 2
	}
	if err := server.Run(ctx); err != nil {
		fmt.Fprintf(stderr, "gwproxy: %v\n", err)
		return 1
	}
	return 0
}
