package space

import (
	"strings"
	"unicode/utf8"
)

// What can be in a part of a request by the time that it is matched.
type universes struct {
	paths  *table // in normal form
	fields *table // values of header fields
	texts  *table // values of query parameters
}

func newUniverses() universes {
	return universes{
		paths:  tabulate(pathReader{}, asciiCuts(), pathReader.read, pathReader.whole),
		fields: tabulate(fieldStart, fieldCuts(), fieldState.read, fieldState.whole),
		texts: tabulate(struct{}{}, textCuts(),
			func(s struct{}, symbol rune) (struct{}, bool) { return s, !surrogate(symbol) },
			func(struct{}) bool { return true }),
	}
}

// asciiCuts tells all ASCII characters apart.
func asciiCuts() []rune {
	var cuts []rune
	for r := rune(0); r <= utf8.RuneSelf; r++ {
		cuts = append(cuts, r)
	}
	return cuts
}

// textCuts tells surrogates, which no text has, from other symbols, and what is between the ASCII characters given.
func textCuts(ascii ...rune) []rune {
	return append(append([]rune{0}, ascii...), surrogateMin, surrogateMax+1)
}

func fieldCuts() []rune { return textCuts('\t', '\t'+1, ' ', ' '+1, ',', ','+1, 0x7f, 0x80) }

const surrogateMin, surrogateMax = 0xd800, 0xdfff

func surrogate(r rune) bool { return surrogateMin <= r && r <= surrogateMax }

// A pathReader reads a path and stops where it is not in the normal form of [schema.NormalizePath].
type pathReader struct {
	begun  bool
	place  pathPlace
	escape int  // how many characters of an escape were read
	high   byte // the first digit of the escape
}

// A pathPlace is where in a segment a reader is. A segment is made of parts for those who take an escaped slash or
// backslash for a slash, and of a part they may take what comes before a semicolon for its name.
type pathPlace int

const (
	atSegment  pathPlace = iota // at its beginning
	atPart                      // at the beginning of a part that is not the first
	afterDot                    // the part's name is "." so far
	afterDots                   // ".."
	inName                      // any other
	behindName                  // behind a semicolon
)

func (p pathReader) whole() bool { return p.begun && p.escape == 0 && !p.dots() }

// dots reports whether the part is a dot segment if its name ends here.
func (p pathReader) dots() bool { return p.place == afterDot || p.place == afterDots }

func (p pathReader) read(symbol rune) (pathReader, bool) {
	if symbol >= utf8.RuneSelf {
		return p, false
	}
	c := byte(symbol)
	switch {
	case !p.begun:
		return pathReader{begun: true}, c == '/'
	case p.escape > 0:
		return p.readEscape(c)
	case c == '/':
		ok := p.place != atSegment && !p.dots()
		p.place = atSegment
		return p, ok
	case c == '%':
		p.escape = 1
		return p, true
	case c == ';':
		return p.separate(behindName)
	case c == '.':
		p.place = p.afterAnotherDot()
		return p, true
	}
	return p.other(), isLetterOrDigit(c) || strings.IndexByte("-_~!$&'()*+,=:@", c) >= 0
}

func (p pathReader) readEscape(c byte) (pathReader, bool) {
	digit := strings.IndexByte("0123456789ABCDEF", c)
	if digit < 0 {
		return p, false
	}
	if p.escape == 1 {
		p.escape, p.high = 2, byte(digit)
		return p, true
	}
	escaped := p.high<<4 | byte(digit)
	p.escape, p.high = 0, 0
	switch escaped {
	case '/', '\\':
		return p.separate(atPart)
	case ';':
		return p.separate(behindName)
	}
	unreserved := isLetterOrDigit(escaped) || strings.IndexByte("-._~", escaped) >= 0
	return p.other(), escaped >= ' ' && escaped != 0x7f && !unreserved
}

// separate ends the name of the part, if it has not ended yet.
func (p pathReader) separate(to pathPlace) (pathReader, bool) {
	ok := !p.dots()
	p.place = to
	return p, ok
}

// other goes on behind a character that is no dot.
func (p pathReader) other() pathReader {
	if p.place != behindName {
		p.place = inName
	}
	return p
}

func (p pathReader) afterAnotherDot() pathPlace {
	switch p.place {
	case atSegment, atPart:
		return afterDot
	case afterDot:
		return afterDots
	case behindName:
		return behindName
	}
	return inName
}

func isLetterOrDigit(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
}

// A fieldState is what was read of the value that all lines of a field have together: their values, which neither
// begin nor end with blanks, with ", " between. Such a value ends with a blank where the last line is empty.
type fieldState int

const (
	fieldStart fieldState = iota
	afterText
	afterBlank
	afterComma      // that a line without a value may follow
	afterLooseComma // with a blank before it: a line's value would have to end with that
	afterJoin       // ", "
)

func (s fieldState) whole() bool { return s != afterBlank }

func (s fieldState) read(symbol rune) (fieldState, bool) {
	switch {
	case symbol == ' ' && s == afterComma:
		return afterJoin, true
	case symbol == ' ' || symbol == '\t':
		return afterBlank, s != fieldStart
	case symbol < ' ' || symbol == 0x7f || surrogate(symbol):
		return s, false
	case symbol == ',' && s == afterBlank:
		return afterLooseComma, true
	case symbol == ',':
		return afterComma, true
	}
	return afterText, true
}
