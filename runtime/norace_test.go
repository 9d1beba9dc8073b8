//go:build !race

package runtime_test

// pooled is how many allocations a request may cost where pools keep what they are given.
const pooled = 0
