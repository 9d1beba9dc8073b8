package space

import "slices"

// A frontier is a set of instructions in the making.
type frontier struct {
	in      []bool // by instruction: was pushed
	pushed  []int32
	stack   []int32
	reached []int32
}

func (f *frontier) push(pc int32) {
	if !f.in[pc] {
		f.in[pc] = true
		f.pushed = append(f.pushed, pc)
		f.stack = append(f.stack, pc)
	}
}

func (f *frontier) pop() int32 {
	pc := f.stack[len(f.stack)-1]
	f.stack = f.stack[:len(f.stack)-1]
	return pc
}

func (f *frontier) add(pc int32) { f.reached = append(f.reached, pc) }

// take returns what was reached and empties the set.
func (f *frontier) take() []int32 {
	out := slices.Clone(f.reached)
	for _, pc := range f.pushed {
		f.in[pc] = false
	}
	f.pushed, f.reached = f.pushed[:0], f.reached[:0]
	return out
}
