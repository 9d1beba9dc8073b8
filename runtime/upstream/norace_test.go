//go:build !race

package upstream_test

// pooled is how many allocations a call may cost where pools keep what they are given.
const pooled = 0
