package space

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// A symbol is a character, or this: a byte that is part of none, which expressions take for U+FFFD.
const invalidByte rune = unicode.MaxRune + 1

// decode returns the symbols of a text as regexp reads it, but that it tells U+FFFD from bytes that are no UTF-8.
func decode(text string) []rune {
	symbols := make([]rune, 0, len(text))
	for text != "" {
		symbol, size := utf8.DecodeRuneInString(text)
		if symbol == utf8.RuneError && size == 1 {
			symbol = invalidByte
		}
		symbols, text = append(symbols, symbol), text[size:]
	}
	return symbols
}

// encode is the inverse of decode, with 0xFF for every byte that is no UTF-8: that one is none in any company.
func encode(symbols []rune) string {
	var b strings.Builder
	for _, symbol := range symbols {
		if symbol == invalidByte {
			b.WriteByte(0xff)
		} else {
			b.WriteRune(symbol)
		}
	}
	return b.String()
}

// An alphabet divides the symbols into classes that an automaton does not tell apart. All symbols from one of the
// cuts to the next are of one class.
type alphabet struct {
	cuts    []rune // sorted, from 0 on
	class   []int32
	classes int
}

func (a *alphabet) classOf(symbol rune) int32 {
	i, ok := slices.BinarySearch(a.cuts, symbol)
	if !ok {
		i--
	}
	return a.class[i]
}

// group makes one class of the intervals with the same key. It returns an interval of each class.
func (a *alphabet) group(key func(interval int) string) []int {
	var firsts []int
	number := map[string]int32{}
	a.class = make([]int32, len(a.cuts))
	for i := range a.cuts {
		k := key(i)
		class, ok := number[k]
		if !ok {
			class = int32(len(firsts))
			number[k] = class
			firsts = append(firsts, i)
		}
		a.class[i] = class
	}
	a.classes = len(firsts)
	return firsts
}

// What a symbol costs in an example that a person is to read, and to type.
const (
	easy    int32 = 2 // letters and digits
	mark    int32 = 3 // what stands for itself in every part of a URL
	sign    int32 = 5
	foreign int32 = 12
	opaque  int32 = 40
)

// inOrder holds the ASCII characters that are good to read, the best first.
const inOrder = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ" + "/-_.~"

// orderOf is the place of an ASCII character in that order; those that are not there come last.
var orderOf = func() (order [utf8.RuneSelf]int) {
	for c := range order {
		order[c] = len(inOrder) + c
	}
	for i, c := range inOrder {
		order[c] = i
	}
	return order
}()

func cost(symbol rune) int32 {
	switch {
	case symbol >= utf8.RuneSelf && unicode.IsLetter(symbol):
		return foreign
	case symbol >= utf8.RuneSelf || symbol < ' ' || symbol == 0x7f:
		return opaque
	case orderOf[symbol] >= len(inOrder):
		return sign
	case isLetterOrDigit(byte(symbol)):
		return easy
	}
	return mark
}

// plainer reports whether a is to stand in examples rather than b.
func plainer(a, b rune) bool {
	switch costA, costB := cost(a), cost(b); {
	case costA != costB:
		return costA < costB
	case a < utf8.RuneSelf && b < utf8.RuneSelf:
		return orderOf[a] < orderOf[b]
	}
	return a < b
}

// plainestIn returns the symbol from first to before end that is best to read, among the first few beyond ASCII.
func plainestIn(first, end rune) rune {
	const few = 32
	best := first
	for symbol := first + 1; symbol < min(end, max(first, utf8.RuneSelf)+few); symbol++ {
		if plainer(symbol, best) {
			best = symbol
		}
	}
	return best
}
