//go:build race

package upstream_test

// pooled is how many allocations a call may cost under the race detector, where pools drop at random.
const pooled = 8
