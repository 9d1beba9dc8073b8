package main

import (
	"fmt"
	"slices"
)

// cpuPerRequest is in microseconds.
func (s sample) cpuPerRequest() float64 {
	return float64(s.CPU.Nanoseconds()) / 1e3 / float64(s.Requests)
}

// share is how much of its core a proxy used. One that waits for others pays more a request: what it could do
// together, it does one by one.
func (s sample) share() float64 { return s.CPU.Seconds() / s.Took.Seconds() }

// requestsPerCPU is the throughput of a core that does nothing else: requests in a second of CPU time.
func (s sample) requestsPerCPU() float64 { return float64(s.Requests) / s.CPU.Seconds() }

// requestsPerSecond is the throughput that was seen. Where the generator or the backend was busier than the proxy,
// theirs is the limit.
func (s sample) requestsPerSecond() float64 { return float64(s.Requests) / s.Took.Seconds() }

// A ratio is that of two contenders, over the rounds of a case.
type ratio struct{ Median, Min, Max float64 }

func (r ratio) String() string { return fmt.Sprintf("%.2f (%.2f..%.2f)", r.Median, r.Min, r.Max) }

// compare divides a figure of one contender by a peer's, round by round. There is at least one round.
func compare(of, peer []sample, figure func(sample) float64) ratio {
	var each []float64
	for round := range of {
		each = append(each, figure(of[round])/figure(peer[round]))
	}
	return ratio{median(each), slices.Min(each), slices.Max(each)}
}

// medianOf is that of a figure over the rounds. There is at least one.
func medianOf(samples []sample, figure func(sample) float64) float64 {
	var each []float64
	for _, s := range samples {
		each = append(each, figure(s))
	}
	return median(each)
}

func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	middle := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return sorted[middle]
	}
	return (sorted[middle-1] + sorted[middle]) / 2
}
