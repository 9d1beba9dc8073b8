package upstream

import (
	"math/bits"
	"sync/atomic"
)

// A balancer picks indices in proportion to weights. It takes no lock: pick n is position n*step of a cycle as
// long as the sum of the weights, and as step and that length have no common divisor, each position comes once
// a cycle, so that shares are exact over a cycle; as step is near the golden section of the length, they are
// also close over any part of it.
type balancer struct {
	ends  []uint64 // running sums of the weights that are not zero
	index []int    // what each end stands for
	step  uint64
	next  atomic.Uint64
}

// newBalancer returns a balancer of weights that starts at a place of its cycle that start chooses. Weights
// of zero or less are never picked.
func newBalancer(weights []int, start uint64) *balancer {
	b := &balancer{}
	var common, sum uint64
	for _, w := range weights {
		if w > 0 {
			common = gcd(common, uint64(w))
		}
	}
	for i, w := range weights {
		if w > 0 {
			sum += uint64(w) / common
			b.ends = append(b.ends, sum)
			b.index = append(b.index, i)
		}
	}
	b.step = uint64(float64(sum) * 0.6180339887498949)
	for b.step = max(b.step, 1); sum > 1 && gcd(b.step, sum) != 1; b.step++ {
	}
	b.next.Store(start)
	return b
}

// pick returns the index whose turn it is, or -1 when every weight is zero.
func (b *balancer) pick() int {
	switch len(b.ends) {
	case 0:
		return -1
	case 1:
		return b.index[0]
	}
	sum := b.ends[len(b.ends)-1]
	hi, lo := bits.Mul64(b.next.Add(1)%sum, b.step)
	_, at := bits.Div64(hi, lo, sum)
	low, high := 0, len(b.ends)-1
	for low < high {
		if mid := (low + high) / 2; at < b.ends[mid] {
			high = mid
		} else {
			low = mid + 1
		}
	}
	return b.index[low]
}

func gcd(a, b uint64) uint64 {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}
