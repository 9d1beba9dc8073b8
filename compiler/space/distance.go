package space

import (
	"math"
	"regexp/syntax"
)

// endless is the distance to a place that cannot be reached.
const endless int32 = math.MaxInt32

// distances returns, for each instruction of a program, what the symbols cost at least that lead from there to the
// end of a text that matches. Assertions may make it dearer.
func distances(program *syntax.Prog, setOf []int32, sets [][]rune) []int32 {
	prices := make([]int32, len(sets))
	for i, set := range sets {
		prices[i] = endless
		for pair := 0; pair < len(set); pair += 2 {
			prices[i] = min(prices[i], cost(plainestIn(set[pair], set[pair+1]+1)))
		}
	}
	before := make([][]int32, len(program.Inst)) // the instructions that lead to one
	distance := make([]int32, len(program.Inst))
	var near [][]int32 // instructions by distance
	reach := func(pc, d int32) {
		if d < distance[pc] {
			distance[pc] = d
			for len(near) <= int(d) {
				near = append(near, nil)
			}
			near[d] = append(near[d], pc)
		}
	}
	for pc := range program.Inst {
		inst := &program.Inst[pc]
		distance[pc] = endless
		switch inst.Op {
		case syntax.InstMatch:
			reach(int32(pc), 0)
			continue
		case syntax.InstAlt, syntax.InstAltMatch:
			before[inst.Arg] = append(before[inst.Arg], int32(pc))
		}
		before[inst.Out] = append(before[inst.Out], int32(pc))
	}
	for d := 0; d < len(near); d++ {
		for i := 0; i < len(near[d]); i++ {
			at := near[d][i]
			if distance[at] < int32(d) {
				continue
			}
			for _, pc := range before[at] {
				switch set := setOf[pc]; {
				case set < 0:
					reach(pc, int32(d))
				case prices[set] != endless:
					reach(pc, int32(d)+prices[set])
				}
			}
		}
	}
	return distance
}
