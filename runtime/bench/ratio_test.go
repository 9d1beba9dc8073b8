package main

import (
	"testing"
	"time"
)

func TestRatiosAreTakenRoundByRound(t *testing.T) {
	of := []sample{
		{Requests: 10, CPU: 20 * time.Microsecond},
		{Requests: 10, CPU: 60 * time.Microsecond},
		{Requests: 10, CPU: 40 * time.Microsecond},
	}
	peer := []sample{
		{Requests: 10, CPU: 20 * time.Microsecond},
		{Requests: 10, CPU: 30 * time.Microsecond},
		{Requests: 5, CPU: 10 * time.Microsecond},
	}
	if got, want := compare(of, peer, sample.cpuPerRequest), (ratio{2, 1, 2}); got != want {
		t.Errorf("CPU a request: %v, want %v", got, want)
	}
	if got, want := compare(of, peer, sample.requestsPerCPU), (ratio{0.5, 0.5, 1}); got != want {
		t.Errorf("requests a CPU second: %v, want %v", got, want)
	}
}

func TestMedian(t *testing.T) {
	if got := median([]float64{5, 1, 9}); got != 5 {
		t.Errorf("of three: %v, want 5", got)
	}
	if got := median([]float64{5, 1, 9, 7}); got != 6 {
		t.Errorf("of four: %v, want 6", got)
	}
}

func TestTargetsAreMetOrMissed(t *testing.T) {
	of := []sample{{Requests: 100, CPU: time.Second, Took: time.Second}}
	peer := []sample{{Requests: 200, CPU: time.Second, Took: time.Second}}
	for _, test := range []struct {
		target          target
		ratios, outcome string
	}{
		{target{peer: "nginx", bound: 2}, "nginx 2.00 (2.00..2.00)", "≤ 2: met"},
		{target{peer: "nginx", bound: 1.5}, "nginx 2.00 (2.00..2.00)", "≤ 1.5: **missed**"},
		{
			target{peer: "nginx", bound: 0.9, throughput: true},
			"nginx, bytes a CPU second 0.50 (0.50..0.50); requests a second 0.50 (0.50..0.50)", "≥ 0.9: **missed**",
		},
	} {
		if ratios, outcome := test.target.compare(of, peer); ratios != test.ratios || outcome != test.outcome {
			t.Errorf("%+v: %q, %q, want %q, %q", test.target, ratios, outcome, test.ratios, test.outcome)
		}
	}
}
