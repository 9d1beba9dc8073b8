//go:build race

package runtime_test

// pooled is how many allocations a request may cost under the race detector, where pools drop at random.
const pooled = 8
