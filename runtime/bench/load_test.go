package main

import (
	"testing"
	"time"
)

func TestGeneratorsOutputIsRead(t *testing.T) {
	const (
		wrk = "Running 4s test @ http://127.0.0.1:1/\n  1 threads and 64 connections\n" +
			"  131012 requests in 4.05s, 160.00MB read\nRequests/sec:  32753.00\n"
		h2load = "finished in 4.00s, 22530.75 req/s, 27.00MB/s\n" +
			"requests: 90123 total, 90379 started, 90123 done, 90123 succeeded, 0 failed, 0 errored, 0 timeout\n" +
			"status codes: 90123 2xx, 0 3xx, 0 4xx, 0 5xx\n"
		otherAnswer = "finished in 4.00s, 2.00 req/s, 2KB/s\n" +
			"requests: 9 total, 9 started, 9 done, 9 succeeded, 0 failed, 0 errored, 0 timeout\n" +
			"status codes: 8 2xx, 0 3xx, 0 4xx, 1 5xx\n"
		failed = "finished in 4.00s, 2.00 req/s, 2KB/s\n" +
			"requests: 9 total, 9 started, 9 done, 8 succeeded, 1 failed, 0 errored, 0 timeout\n" +
			"status codes: 8 2xx, 0 3xx, 0 4xx, 0 5xx\n"
	)
	for name, test := range map[string]struct {
		read  func(string) (outcome, error)
		out   string
		want  outcome
		fails bool
	}{
		"wrk":                       {read: readWrk, out: wrk, want: outcome{131012, 4050 * time.Millisecond}},
		"wrk with other answers":    {read: readWrk, out: wrk + "  Non-2xx or 3xx responses: 3\n", fails: true},
		"wrk with broken sockets":   {read: readWrk, out: wrk + "  Socket errors: connect 0, read 1\n", fails: true},
		"wrk without a count":       {read: readWrk, out: "unable to connect\n", fails: true},
		"wrk without an answer":     {read: readWrk, out: "  0 requests in 4.00s, 0.00B read\n", fails: true},
		"h2load":                    {read: readH2load, out: h2load, want: outcome{90123, 4 * time.Second}},
		"h2load with failures":      {read: readH2load, out: failed, fails: true},
		"h2load with other answers": {read: readH2load, out: otherAnswer, fails: true},
		"h2load without a count":    {read: readH2load, out: "finished in 4.00s, 0 req/s\n", fails: true},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := test.read(test.out)
			if got != test.want || (err != nil) != test.fails {
				t.Errorf("got %+v and error %v, want %+v and an error: %v", got, err, test.want, test.fails)
			}
		})
	}
}
