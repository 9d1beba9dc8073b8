package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"regexp"
	"strconv"
	"time"
)

// A load is what the generator asks for, over and over.
type load struct {
	url     string
	headers []string          // "Name: value"
	body    string            // of a POST; empty: a GET
	want    int               // bytes of an answer's body
	fields  map[string]string // of an answer's header; "*": any value but none

	http2    bool   // h2load instead of wrk
	conns    int    // 0: 64, and 16 of HTTP/2 with 16 streams each
	script   string // wrk's, in Lua: where a body or more than one request is sent
	bodyFile string // h2load's
}

// An outcome is what the generator saw.
type outcome struct {
	requests int
	took     time.Duration
}

// run loads the URL for so many seconds. An answer other than 2xx is an error, and so is a broken connection.
func (l *load) run(ctx context.Context, seconds int) (outcome, error) {
	command, read := l.wrk(seconds), readWrk
	if l.http2 {
		command, read = l.h2load(seconds), readH2load
	}
	for _, header := range l.headers {
		command = append(command, "-H", header)
	}
	command = append(command, l.url)
	out, err := exec.CommandContext(ctx, "taskset", append([]string{"-c", "1"}, command...)...).CombinedOutput()
	var o outcome
	if err == nil {
		o, err = read(string(out))
	}
	if err != nil {
		return outcome{}, fmt.Errorf("%s: %w\n%s", command, err, out)
	}
	return o, nil
}

func (l *load) wrk(seconds int) []string {
	command := []string{"wrk", "-t1", fmt.Sprintf("-c%d", cmp.Or(l.conns, 64)), fmt.Sprintf("-d%ds", seconds)}
	if l.script != "" {
		command = append(command, "-s", l.script)
	}
	return command
}

func (l *load) h2load(seconds int) []string {
	command := []string{"h2load", "-t1", fmt.Sprintf("-c%d", cmp.Or(l.conns, 16)), "-m16", fmt.Sprintf("-D%d", seconds)}
	if l.bodyFile != "" {
		command = append(command, "-d", l.bodyFile)
	}
	return command
}

var (
	wrkRequests    = regexp.MustCompile(`(\d+) requests in ([0-9.]+m?s|[0-9.]+m),`)
	wrkFailures    = regexp.MustCompile(`Non-2xx or 3xx responses: .*|Socket errors: .*`)
	h2loadFinished = regexp.MustCompile(`finished in ([0-9.]+(?:us|ms|s)),`)
	h2loadRequests = regexp.MustCompile(`requests: .* (\d+) succeeded, 0 failed, 0 errored, 0 timeout`)
	h2loadStatus   = regexp.MustCompile(`status codes: (\d+) 2xx, 0 3xx, 0 4xx, 0 5xx`)
)

func readWrk(out string) (outcome, error) {
	if failures := wrkFailures.FindString(out); failures != "" {
		return outcome{}, errors.New(failures)
	}
	found := wrkRequests.FindStringSubmatch(out)
	if found == nil {
		return outcome{}, errors.New("no count of requests")
	}
	return newOutcome(found[1], found[2])
}

func readH2load(out string) (outcome, error) {
	requests, finished := h2loadRequests.FindStringSubmatch(out), h2loadFinished.FindStringSubmatch(out)
	if requests == nil || finished == nil || !h2loadStatus.MatchString(out) {
		return outcome{}, errors.New("failed requests, or no count of them")
	}
	return newOutcome(requests[1], finished[1])
}

func newOutcome(requests, took string) (outcome, error) {
	n, err := strconv.Atoi(requests)
	if err != nil {
		return outcome{}, err
	}
	if n == 0 {
		return outcome{}, errors.New("not one request was answered")
	}
	t, err := time.ParseDuration(took)
	return outcome{n, t}, err
}
