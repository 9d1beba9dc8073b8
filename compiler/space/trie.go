package space

import "slices"

// A trie is the automaton of many texts, and of all paths below many prefixes.
type trie struct {
	symbols alphabet
	next    map[edge]int32
	accept  []bool
	below   []bool // by state: everything is accepted behind a slash
}

type edge struct{ state, class int32 }

// newTrie returns the trie of texts and of paths at and below prefixes, which do not end in a slash.
func newTrie(texts, prefixes []string) *trie {
	t := &trie{next: map[edge]int32{}, accept: []bool{false}, below: []bool{false}}
	t.symbols = lettersOf(append(slices.Concat(texts, prefixes), "/"))
	for _, text := range texts {
		t.accept[t.grow(text)] = true
	}
	for _, prefix := range prefixes {
		state := t.grow(prefix)
		t.accept[state], t.below[state] = true, true
	}
	slash := t.symbols.classOf('/')
	for state, below := range t.below {
		if below {
			t.next[edge{int32(state), slash}] = everything
		}
	}
	return t
}

// lettersOf returns an alphabet with a class for each symbol in the texts, and one for all others.
func lettersOf(texts []string) alphabet {
	used := map[rune]bool{}
	cuts := []rune{0}
	for _, text := range texts {
		for _, symbol := range decode(text) {
			if !used[symbol] {
				used[symbol] = true
				cuts = append(cuts, symbol, symbol+1)
			}
		}
	}
	slices.Sort(cuts)
	a := alphabet{cuts: slices.Compact(cuts)}
	a.group(func(interval int) string {
		if symbol := a.cuts[interval]; used[symbol] {
			return string(int32Key(nil, []int32{symbol}))
		}
		return ""
	})
	return a
}

func (t *trie) alphabet() *alphabet      { return &t.symbols }
func (t *trie) start() int32             { return 0 }
func (t *trie) accepts(state int32) bool { return t.accept[state] }
func (t *trie) ahead(int32) int32        { return 0 }

func (t *trie) step(_ *meter, state, class int32) int32 {
	if to, ok := t.next[edge{state, class}]; ok {
		return to
	}
	return nothing
}

// grow returns the state after a text.
func (t *trie) grow(text string) int32 {
	state := t.start()
	for _, symbol := range decode(text) {
		from := edge{state, t.symbols.classOf(symbol)}
		to, ok := t.next[from]
		if !ok {
			to = int32(len(t.accept))
			t.next[from] = to
			t.accept, t.below = append(t.accept, false), append(t.below, false)
		}
		state = to
	}
	return state
}
