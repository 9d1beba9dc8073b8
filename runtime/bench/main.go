// Command bench measures what a request costs gwproxy, and nginx, HAProxy and Caddy doing the same work.
//
// One proxy at a time works, on core 0, with one worker or thread; the backend and the load generator share core 1.
// The figure is the CPU time of the whole process with its children, as the kernel counts it, divided by the
// requests that were answered: other work on the machine moves it far less than requests a second. Proxies take
// turns, round after round, ratios are taken within a round, and the median of the rounds is what counts. An answer
// other than 2xx or a broken connection fails the run.
//
//	go run .
//
// Environment variables change what it does:
//
//	ONLY     cases to run, with commas between: plain, filters, jwt, tls, large-down, large-up, http2, grpc, routes,
//	         memory (default: all)
//	ROUNDS   how many times the proxies take turns (default 5)
//	SECONDS  how long one turn lasts (default 4)
//	SRC      the source tree of gwc and gwproxy (default ../..)
//	OUT      a file for all samples, in JSON
//	KEEP     1 leaves programs and configurations, and says where
//
// It needs Linux with two cores. Of nginx, HAProxy, wrk and h2load it installs what is missing from Debian's packages
// where it is root; Caddy is built from the nested module in caddy/. The case routes compiles 100,000 routes, which
// takes about 3 GB of memory.
package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	var err error
	if len(os.Args) == 3 && os.Args[1] == grpcCommand {
		err = serveGRPC(ctx, os.Args[2])
	} else {
		err = run(ctx)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// Settings are what the environment variables say.
type settings struct {
	only    []string
	rounds  int
	seconds int
	source  string
	out     string
	keep    bool
}

func readSettings(getenv func(string) string) (settings, error) {
	rounds, err := count(getenv, "ROUNDS", 5)
	if err != nil {
		return settings{}, err
	}
	seconds, err := count(getenv, "SECONDS", 4)
	if err != nil {
		return settings{}, err
	}
	s := settings{
		rounds: rounds, seconds: seconds, source: cmp.Or(getenv("SRC"), filepath.Join("..", "..")),
		out: getenv("OUT"), keep: getenv("KEEP") == "1", only: caseNames,
	}
	if only := getenv("ONLY"); only != "" {
		s.only = strings.Split(only, ",")
	}
	return s, checkNames(s.only)
}

func count(getenv func(string) string, name string, otherwise int) (int, error) {
	text := getenv(name)
	if text == "" {
		return otherwise, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		return 0, fmt.Errorf("%s is %q, want a number from 1", name, text)
	}
	return n, nil
}

// run does everything, from installing to the report.
func run(ctx context.Context) (err error) {
	s, err := readSettings(os.Getenv)
	if err != nil {
		return err
	}
	if err := install(ctx); err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "gwproxy-bench-")
	if err != nil {
		return err
	}
	if s.keep {
		fmt.Fprintln(os.Stderr, "programs and configurations:", dir)
	} else {
		defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	}
	b := &bench{settings: s, site: site{Dir: dir, Root: os.Geteuid() == 0}}
	defer b.stop()
	if err := b.prepare(ctx); err != nil {
		return err
	}
	results, err := b.measure(ctx)
	if err != nil {
		return err
	}
	return b.report(ctx, os.Stdout, results)
}
