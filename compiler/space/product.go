package space

import "slices"

// A product is the texts that all of some automata accept and none of others.
type product struct {
	meter  *meter
	all    []automaton // first those that have to accept, then those that must not
	want   int         // how many have to
	spread []symbolClass
	limit  int // of what the meter has left
	nodes  []node
	number map[string]int32
	queue  queue
}

// A symbolClass is a class of symbols that none of the automata tells apart, by the best of them to read.
type symbolClass struct {
	symbol rune
	class  []int32 // by automaton
}

// A node is a state of the product, and the cheapest way there.
type node struct {
	at     []int32 // pairs of an automaton and its state; automata that accept nothing more are left out
	from   int32
	symbol rune
	cost   int32
	done   bool
}

// shortest returns the text of a product that is best to read: short, and plain. With avoidEmpty the empty text is
// the last choice.
//
// share is the part of the meter that may be used up.
func shortest(m *meter, universe *table, want, avoid []automaton, avoidEmpty bool, share int) (string, Verdict) {
	p := &product{
		meter: m, want: 1 + len(want), limit: m.left - share, number: map[string]int32{},
		all: slices.Concat([]automaton{universe}, want, avoid),
	}
	p.divide(universe)
	first := node{from: -1}
	for i, a := range p.all {
		first.at = append(first.at, int32(i), a.start())
	}
	empty := p.accepts(first.at)
	if empty && !avoidEmpty {
		return "", Found
	}
	p.nodes = append(p.nodes, first) // not numbered: a way back to its state is a text that is not empty
	p.expand(0)
	// The empty text is dearer than a few plain characters.
	const few = 8 * easy
	verdict := Empty
	for !p.queue.empty() {
		next := p.queue.pop()
		n := next.node
		if p.nodes[n].done {
			continue
		}
		p.nodes[n].done = true
		if p.accepts(p.nodes[n].at) {
			return p.text(n), Found
		}
		if p.meter.left < max(p.limit, 0) || empty && next.through > few {
			verdict = Undecided
			break
		}
		p.expand(n)
	}
	if empty {
		verdict = Found
	}
	return "", verdict
}

// divide finds the classes of symbols that all automata together tell apart. Those that no text of the universe has
// are left out, and of the others the plainest come first.
func (p *product) divide(universe *table) {
	var cuts []rune
	for _, a := range p.all {
		all := a.alphabet().cuts
		beyond, _ := slices.BinarySearch(all, universe.end)
		cuts = append(cuts, all[:beyond]...)
	}
	slices.Sort(cuts)
	cuts = slices.Compact(cuts)
	p.meter.spend(8 * len(cuts) * len(p.all)) // each is looked for in each alphabet
	number := map[string]int{}
	for i, first := range cuts {
		if universe.useless[universe.symbols.classOf(first)] {
			continue
		}
		end := universe.end
		if i+1 < len(cuts) {
			end = cuts[i+1]
		}
		c := symbolClass{symbol: plainestIn(first, end)}
		for _, a := range p.all {
			c.class = append(c.class, a.alphabet().classOf(first))
		}
		key := string(int32Key(nil, c.class))
		if n, ok := number[key]; !ok {
			number[key] = len(p.spread)
			p.spread = append(p.spread, c)
		} else if plainer(c.symbol, p.spread[n].symbol) {
			p.spread[n].symbol = c.symbol
		}
	}
	slices.SortStableFunc(p.spread, func(a, b symbolClass) int {
		switch {
		case plainer(a.symbol, b.symbol):
			return -1
		case plainer(b.symbol, a.symbol):
			return +1
		}
		return 0
	})
}

func (p *product) accepts(at []int32) bool {
	for i := 0; i < len(at); i += 2 {
		if automaton := int(at[i]); p.all[automaton].accepts(at[i+1]) != (automaton < p.want) {
			return false
		}
	}
	return true
}

// expand queues what follows a node.
func (p *product) expand(n int32) {
	from := p.nodes[n].at
	at := make([]int32, 0, len(from))
	var key []byte
	for i := range p.spread {
		symbol := &p.spread[i]
		p.meter.spend(1 + len(from)/2)
		var ok bool
		if at, ok = p.after(at[:0], from, symbol); !ok {
			continue
		}
		key = int32Key(key[:0], at)
		price := p.nodes[n].cost + cost(symbol.symbol)
		to, known := p.number[string(key)]
		switch {
		case !known:
			to = int32(len(p.nodes))
			p.number[string(key)] = to
			p.nodes = append(p.nodes, node{at: slices.Clone(at)})
			p.meter.spend(len(at))
		case p.nodes[to].done || p.nodes[to].cost <= price:
			continue
		}
		p.nodes[to].from, p.nodes[to].symbol, p.nodes[to].cost = n, symbol.symbol, price
		ahead := p.ahead(at)
		p.queue.push(to, price+ahead, ahead)
	}
}

// ahead is at most what the symbols cost from a state to one that is accepted.
func (p *product) ahead(at []int32) int32 {
	most := int32(0)
	for i := 0; i < len(at); i += 2 {
		if int(at[i]) < p.want {
			most = max(most, p.all[at[i]].ahead(at[i+1]))
		}
	}
	return most
}

// after appends the state after a symbol to at; false: no text is left.
func (p *product) after(at, from []int32, symbol *symbolClass) ([]int32, bool) {
	for i := 0; i < len(from); i += 2 {
		automaton := from[i]
		wanted := int(automaton) < p.want
		switch to := p.all[automaton].step(p.meter, from[i+1], symbol.class[automaton]); to {
		case nothing:
			if wanted {
				return at, false
			}
		case everything:
			if !wanted {
				return at, false
			}
		default:
			at = append(at, automaton, to)
		}
	}
	return at, true
}

// text returns the symbols on the way to a node.
func (p *product) text(n int32) string {
	var symbols []rune
	for ; p.nodes[n].from >= 0; n = p.nodes[n].from {
		symbols = append(symbols, p.nodes[n].symbol)
	}
	slices.Reverse(symbols)
	return encode(symbols)
}
