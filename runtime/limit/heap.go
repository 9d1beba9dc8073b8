package limit

// first puts the top of the heap right and returns it; nil: the shard is empty. Each bucket that was used
// since it was last looked at is moved once, so that the work is paid for by the requests that used it.
func (p *shard) first() *entry {
	for len(p.heap) > 0 {
		e := p.heap[0]
		full := e.at + int64(e.until(e.rate.Burst, e.rate))
		if full < e.at { // past the end of time
			full = 1<<63 - 1
		}
		if full <= e.full {
			return e
		}
		e.full = full
		p.down(0)
	}
	return nil
}

// drop forgets the bucket at the top of the heap.
func (p *shard) drop() {
	last := len(p.heap) - 1
	delete(p.byKey, p.heap[0].key)
	p.heap[0].dropped = true
	p.heap[0] = p.heap[last]
	p.heap[last] = nil
	p.heap = p.heap[:last]
	p.down(0)
}

func (p *shard) push(e *entry) {
	p.heap = append(p.heap, e)
	for i := len(p.heap) - 1; i > 0; {
		up := (i - 1) / 2
		if p.heap[up].full <= p.heap[i].full {
			return
		}
		p.heap[up], p.heap[i] = p.heap[i], p.heap[up]
		i = up
	}
}

func (p *shard) down(i int) {
	for {
		least := i
		for _, child := range [2]int{2*i + 1, 2*i + 2} {
			if child < len(p.heap) && p.heap[child].full < p.heap[least].full {
				least = child
			}
		}
		if least == i {
			return
		}
		p.heap[i], p.heap[least] = p.heap[least], p.heap[i]
		i = least
	}
}
