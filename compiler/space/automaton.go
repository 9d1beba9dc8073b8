package space

import "slices"

// An automaton is a deterministic automaton over symbols. Its states are small numbers from 0 on.
type automaton interface {
	alphabet() *alphabet
	start() int32
	// step returns the state after a symbol of a class of the automaton's own alphabet. What it costs to find out is
	// charged to m.
	step(m *meter, state, class int32) int32
	accepts(state int32) bool
	// ahead is at most what the symbols cost that are missing from the state to a text that is accepted.
	ahead(state int32) int32
}

// States that need no automaton any more.
const (
	nothing    int32 = -1 // no text is accepted from here on
	everything int32 = -2 // every text is
)

// A table is an automaton that is written down whole.
type table struct {
	symbols alphabet
	next    []int32 // by state and class
	accept  []bool
	useless []bool // by class: no text with such a symbol is accepted
	end     rune   // all symbols from here on are useless
}

func (t *table) alphabet() *alphabet      { return &t.symbols }
func (t *table) start() int32             { return 0 }
func (t *table) accepts(state int32) bool { return t.accept[state] }
func (t *table) ahead(int32) int32        { return 0 }

func (t *table) step(_ *meter, state, class int32) int32 {
	return t.next[state*int32(t.symbols.classes)+class]
}

// run reports whether t accepts a text.
func (t *table) run(text string) bool {
	state := t.start()
	for _, symbol := range decode(text) {
		if state = t.step(nil, state, t.symbols.classOf(symbol)); state == nothing {
			return false
		}
	}
	return t.accept[state]
}

// tabulate writes down the automaton of a function: step returns the state after a symbol, false for none. All
// symbols from one of cuts to the next are alike to it; cuts are sorted and begin with 0.
func tabulate[S comparable](start S, cuts []rune, step func(S, rune) (S, bool), accept func(S) bool) *table {
	states, number := []S{start}, map[S]int32{start: 0}
	var columns [][]int32
	for range cuts {
		columns = append(columns, nil)
	}
	for i := 0; i < len(states); i++ {
		for c, symbol := range cuts {
			to := nothing
			if s, ok := step(states[i], symbol); ok {
				if to, ok = number[s]; !ok {
					to = int32(len(states))
					number[s] = to
					states = append(states, s)
				}
			}
			columns[c] = append(columns[c], to)
		}
	}
	t := &table{symbols: alphabet{cuts: cuts}}
	classes := t.symbols.group(func(c int) string { return string(int32Key(nil, columns[c])) })
	t.next = make([]int32, len(states)*t.symbols.classes)
	for i, s := range states {
		t.accept = append(t.accept, accept(s))
		for class, c := range classes {
			t.next[i*t.symbols.classes+class] = columns[c][i]
		}
	}
	for _, c := range classes {
		t.useless = append(t.useless, !slices.ContainsFunc(columns[c], func(to int32) bool { return to != nothing }))
	}
	t.end = invalidByte + 1
	for last := len(cuts) - 1; t.useless[t.symbols.class[last]]; last-- {
		t.end = cuts[last]
	}
	return t
}

// int32Key appends numbers to a key for a map.
func int32Key(key []byte, numbers []int32) []byte {
	for _, n := range numbers {
		key = append(key, byte(n), byte(n>>8), byte(n>>16), byte(n>>24))
	}
	return key
}
