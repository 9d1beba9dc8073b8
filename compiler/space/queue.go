package space

import "container/heap"

// A queue gives out nodes by what a text that goes through them costs at least; of equals first those that are
// nearest to its end, and then those that came first.
type queue struct {
	waiting waiting
	came    int32
}

type waiter struct {
	through, ahead int32 // what a text costs at least: in all, and from the node on
	came           int32
	node           int32
}

func (q *queue) push(node, through, ahead int32) {
	q.came++
	heap.Push(&q.waiting, waiter{through, ahead, q.came, node})
}

func (q *queue) pop() waiter { return heap.Pop(&q.waiting).(waiter) }

func (q *queue) empty() bool { return len(q.waiting) == 0 }

// A waiting is a heap of waiters.
type waiting []waiter

func (w waiting) Len() int      { return len(w) }
func (w waiting) Swap(i, j int) { w[i], w[j] = w[j], w[i] }
func (w *waiting) Push(x any)   { *w = append(*w, x.(waiter)) }

func (w waiting) Less(i, j int) bool {
	a, b := &w[i], &w[j]
	switch {
	case a.through != b.through:
		return a.through < b.through
	case a.ahead != b.ahead:
		return a.ahead < b.ahead
	}
	return a.came < b.came
}

func (w *waiting) Pop() any {
	last := (*w)[len(*w)-1]
	*w = (*w)[:len(*w)-1]
	return last
}
