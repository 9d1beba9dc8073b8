// Command gwc-demo is gwc's main job told as a story, with nothing pretended: it vets the reference environments,
// shows what a change does, builds and signs a bundle, pushes it to a registry, lets gwproxy pull, verify and
// serve it, and sends requests. `make demo` runs it; with --keep it stays up to be tried with curl.
//
// It runs the gwc and gwproxy that stand beside it. The registry, the backends and the identity provider are its
// own, on loopback; everything it writes is in one temporary directory.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"
)

func main() {
	keep := flag.Bool("keep", false, "leave everything running at the end, until interrupted")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *keep); err != nil && !errors.Is(err, context.Canceled) {
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, keep bool) (err error) {
	started := time.Now()
	d, err := newDemo(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.close()) }()
	for _, chapter := range []struct {
		title string
		tell  func() error
	}{
		{"Vet the reference environments", d.vet},
		{"What would the next change do?", d.diff},
		{"Build and sign a bundle, push it to a registry", func() error { return d.publish("first", 1) }},
		{"gwproxy pulls, verifies and serves it", d.serve},
		{"Requests and their answers", d.requests},
		{"Publish the change under load", d.swap},
		{"A tampered bundle is refused", d.tamper},
		{"The manifests for production", d.render},
	} {
		fmt.Printf("\n== %s\n", chapter.title)
		if err := chapter.tell(); err != nil {
			return fmt.Errorf("%s: %w", chapter.title, err)
		}
	}
	fmt.Printf("\nDone in %.1f s.\n", time.Since(started).Seconds())
	if !keep {
		return nil
	}
	d.invite()
	<-ctx.Done()
	return nil
}

// repository returns the root of the repository that the demo runs in.
func repository() (string, error) {
	wd, err := os.Getwd()
	if err != nil {
		return "", err
	}
	if _, err := os.Stat(filepath.Join(wd, "environments", "production")); err != nil {
		return "", errors.New("run the demo in the root of the repository: make demo")
	}
	return wd, nil
}
