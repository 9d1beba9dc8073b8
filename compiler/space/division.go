package space

import (
	"regexp/syntax"
	"slices"
	"unicode"
)

// sets returns the sets of symbols that the program's instructions and assertions tell apart, as pairs of first and
// last, and notes which instruction takes which.
func (l *lazy) sets() [][]rune {
	var sets [][]rune
	number := map[string]int32{}
	add := func(set []rune) int32 {
		key := string(int32Key(nil, set))
		n, ok := number[key]
		if !ok {
			n = int32(len(sets))
			number[key] = n
			sets = append(sets, set)
		}
		return n
	}
	l.setOf = make([]int32, len(l.program.Inst))
	repeated := map[*rune]int32{} // sets by where they stand: "(...){1,300}" has the same ones 300 times
	for pc := range l.program.Inst {
		inst := &l.program.Inst[pc]
		l.setOf[pc] = -1
		switch inst.Op {
		case syntax.InstRune, syntax.InstRune1, syntax.InstRuneAny, syntax.InstRuneAnyNotNL:
			set := symbolsOf(inst)
			if len(set) == 0 {
				continue
			}
			n, ok := repeated[&set[0]]
			if !ok {
				n = add(set)
				repeated[&set[0]] = n
			}
			l.setOf[pc] = n
		case syntax.InstEmptyWidth:
			l.asserts = true
		}
	}
	if l.asserts {
		add([]rune{newline, newline})
		add([]rune{'0', '9', 'A', 'Z', '_', '_', 'a', 'z'})
	}
	return sets
}

func kindOf(symbol rune) rune {
	switch {
	case symbol == newline:
		return newline
	case syntax.IsWordChar(symbol):
		return wordSymbol
	}
	return otherSymbol
}

// symbolsOf returns the symbols that an instruction takes, as sorted pairs of first and last.
func symbolsOf(inst *syntax.Inst) []rune {
	switch {
	case inst.Op == syntax.InstRuneAny:
		return []rune{0, unicode.MaxRune}
	case inst.Op == syntax.InstRuneAnyNotNL:
		return []rune{0, newline - 1, newline + 1, unicode.MaxRune}
	case len(inst.Rune) != 1:
		return inst.Rune
	}
	only := inst.Rune[0]
	folds := []rune{only}
	if syntax.Flags(inst.Arg)&syntax.FoldCase != 0 {
		for r := unicode.SimpleFold(only); r != only; r = unicode.SimpleFold(r) {
			folds = append(folds, r)
		}
		slices.Sort(folds)
	}
	pairs := make([]rune, 0, 2*len(folds))
	for _, r := range folds {
		pairs = append(pairs, r, r)
	}
	return pairs
}

// divide returns the coarsest alphabet whose classes lie inside or outside of each set, and which sets have which.
func divide(sets [][]rune) (alphabet, [][]bool) {
	cuts := []rune{0, unicode.ReplacementChar, unicode.ReplacementChar + 1, invalidByte}
	for _, set := range sets {
		for i := 0; i < len(set); i += 2 {
			cuts = append(cuts, set[i], set[i+1]+1)
		}
	}
	slices.Sort(cuts)
	a := alphabet{cuts: slices.Compact(cuts)}
	within := make([][]byte, len(sets)) // by set and interval
	for i, set := range sets {
		within[i] = a.within(set)
	}
	firsts := a.group(func(interval int) string {
		column := make([]byte, len(sets))
		for i := range sets {
			column[i] = within[i][interval]
		}
		return string(column)
	})
	taken := make([][]bool, len(sets))
	for i := range sets {
		taken[i] = make([]bool, len(firsts))
		for class, interval := range firsts {
			taken[i][class] = within[i][interval] == 1
		}
	}
	return a, taken
}

// within returns a 1 for each interval inside of a set that is sorted. An invalid byte is where U+FFFD is.
func (a *alphabet) within(set []rune) []byte {
	out := make([]byte, len(a.cuts))
	i := 0
	for n, cut := range a.cuts {
		for i < len(set) && set[i+1] < cut {
			i += 2
		}
		if i < len(set) && set[i] <= cut {
			out[n] = 1
		}
		if cut == unicode.ReplacementChar {
			out[len(out)-1] = out[n]
		}
		if cut == invalidByte {
			break
		}
	}
	return out
}
