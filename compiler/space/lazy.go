package space

import (
	"regexp/syntax"
	"slices"
)

// A lazy is the automaton of an expression, of which states are made when they are met: there can be more of them
// than anybody wants to wait for, and most questions meet few.
//
// A state is the set of instructions that a matcher of the expression could stand at. Assertions (\b, ^ and $ with
// (?m), \A, \z) look at the symbols on both sides, so with any of these the state also knows what kind of symbol came
// last, and what stands behind an assertion is found once the next symbol is known.
type lazy struct {
	program  *syntax.Prog
	asserts  bool
	symbols  alphabet
	kinds    []rune   // by class: a symbol that assertions take for all of it
	taken    [][]bool // by set and class: whether the set has the class
	setOf    []int32  // by instruction: the set of symbols that it takes; -1: none
	distance []int32  // by instruction: what the symbols cost from there to the end
	states   []lazyState
	number   map[string]int32
	cells    *int
	frontier frontier
}

type lazyState struct {
	at     []int32
	last   rune // as in kinds
	accept bool
	ahead  int32
	next   []int32 // by class
	met    uint32  // the last turn that came to it
	left   uint32  // the last turn that went on from it
}

// unknown is a transition that was not asked for yet.
const unknown int32 = -3

// Symbols that assertions tell apart.
const (
	textEdge    rune = -1
	newline     rune = '\n'
	wordSymbol  rune = 'a'
	otherSymbol rune = '!'
)

func newLazy(program *syntax.Prog, cells *int) *lazy {
	l := &lazy{program: program, number: map[string]int32{}, cells: cells}
	l.frontier.in = make([]bool, len(program.Inst))
	sets := l.sets()
	l.symbols, l.taken = divide(sets)
	*cells += len(program.Inst) + len(l.symbols.cuts) + (len(sets)*l.symbols.classes)/4
	l.kinds = make([]rune, l.symbols.classes)
	l.distance = distances(program, l.setOf, sets)
	for i, class := range l.symbols.class {
		l.kinds[class] = kindOf(l.symbols.cuts[i])
	}
	l.follow(int32(program.Start), 0, true)
	l.state(textEdge)
	return l
}

func (l *lazy) alphabet() *alphabet      { return &l.symbols }
func (l *lazy) start() int32             { return 0 }
func (l *lazy) accepts(state int32) bool { return l.states[state].accept }
func (l *lazy) ahead(state int32) int32  { return l.states[state].ahead }

func (l *lazy) step(m *meter, state, class int32) int32 {
	s := &l.states[state]
	if s.left != m.turn {
		s.left = m.turn
		m.spend(len(s.at) * l.symbols.classes)
	}
	to := s.next[class]
	if to == unknown {
		to = l.after(s, class) // moves s, perhaps
		l.states[state].next[class] = to
	}
	if to >= 0 && l.states[to].met != m.turn {
		l.states[to].met = m.turn
		m.spend(len(l.states[to].at) + l.symbols.classes)
	}
	return to
}

// after makes the state that follows s.
func (l *lazy) after(s *lazyState, class int32) int32 {
	at, last := s.at, textEdge
	if l.asserts {
		last = l.kinds[class]
		at = l.resolve(s.at, syntax.EmptyOpContext(s.last, last))
	}
	for _, pc := range at {
		if set := l.setOf[pc]; set >= 0 && l.taken[set][class] {
			l.follow(int32(l.program.Inst[pc].Out), 0, true)
		}
	}
	return l.state(last)
}

// state returns the number of the state at the frontier, which is empty afterwards.
func (l *lazy) state(last rune) int32 {
	at := l.frontier.take()
	ahead := endless
	for _, pc := range at {
		ahead = min(ahead, l.distance[pc])
	}
	if ahead == endless && len(l.states) > 0 {
		return nothing
	}
	slices.Sort(at)
	key := string(int32Key(nil, append(at, last)))
	if n, ok := l.number[key]; ok {
		return n
	}
	n := int32(len(l.states))
	l.number[key] = n
	next := make([]int32, l.symbols.classes)
	for i := range next {
		next[i] = unknown
	}
	l.states = append(l.states, lazyState{at: at, last: last, accept: l.ends(at, last), ahead: ahead, next: next})
	*l.cells += 2*len(at) + len(next) + 32
	return n
}

// ends reports whether a text may end where a matcher stands at these instructions.
func (l *lazy) ends(at []int32, last rune) bool {
	if l.asserts {
		at = l.resolve(at, syntax.EmptyOpContext(last, textEdge))
	}
	return slices.ContainsFunc(at, func(pc int32) bool { return l.program.Inst[pc].Op == syntax.InstMatch })
}

// resolve goes on behind the assertions that hold.
func (l *lazy) resolve(at []int32, holds syntax.EmptyOp) []int32 {
	for _, pc := range at {
		l.follow(pc, holds, false)
	}
	return l.frontier.take()
}

// follow adds the instructions to the frontier that a matcher reaches from pc without a symbol. It goes on behind
// assertions that hold; others it adds where they may hold later.
func (l *lazy) follow(pc int32, holds syntax.EmptyOp, later bool) {
	f := &l.frontier
	f.push(pc)
	for len(f.stack) > 0 {
		pc = f.pop()
		inst := &l.program.Inst[pc]
		switch inst.Op {
		case syntax.InstAlt, syntax.InstAltMatch:
			f.push(int32(inst.Out))
			f.push(int32(inst.Arg))
		case syntax.InstCapture, syntax.InstNop:
			f.push(int32(inst.Out))
		case syntax.InstEmptyWidth:
			switch {
			case later:
				f.add(pc)
			case syntax.EmptyOp(inst.Arg)&^holds == 0:
				f.push(int32(inst.Out))
			}
		case syntax.InstFail:
		default:
			f.add(pc)
		}
	}
}
