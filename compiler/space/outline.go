package space

import (
	"regexp/syntax"
	"slices"
	"strings"
	"unicode"
)

// An outline is what is known of texts before an automaton is asked: the segments that they begin with, between slashes.
// A path has an empty one before its first slash.
type outline struct {
	segments []segment
	ends     bool   // nothing follows the segments
	rest     string // else: the end may follow, or a slash and a text that begins with this; only the latter where it is not ""
}

// A segment is one, or what it begins with.
type segment struct {
	text  string
	whole bool
}

// maxOutlines bounds the outlines of an expression: where it branches into more, less is known of its texts.
const maxOutlines = 16

// outlineOf returns the outline of one path.
func outlineOf(path string) outline {
	o := outline{ends: true}
	for text := range strings.SplitSeq(path, "/") {
		o.segments = append(o.segments, segment{text, true})
	}
	return o
}

// begins is what all texts of an outline begin with.
func (o outline) begins() string {
	var b strings.Builder
	for i, s := range o.segments {
		if i > 0 {
			b.WriteByte('/')
		}
		b.WriteString(s.text)
		if !s.whole {
			return b.String()
		}
	}
	if o.rest != "" {
		if len(o.segments) > 0 {
			b.WriteByte('/')
		}
		b.WriteString(o.rest)
	}
	return b.String()
}

// outlines returns outlines, one of which each text has that a tree matches.
func outlines(tree *syntax.Regexp) []outline {
	var out []outline
	for _, s := range sketches([]sketch{{}}, tree) {
		o := outline{segments: s.segments}
		if s.stopped {
			o.rest = s.text
		} else {
			o.ends = true
			o.segments = append(slices.Clip(o.segments), segment{s.text, !s.cut})
		}
		out = append(out, o)
	}
	return out
}

// A sketch is an outline that is being drawn from left to right. Its segments are not written to once they are there.
type sketch struct {
	segments []segment
	text     string // what the segment begins with that is being drawn
	cut      bool   // there is more of that segment, without a slash, or may be
	stopped  bool   // what follows may be anything
}

// add appends a text to each sketch.
func add(all []sketch, text string) []sketch {
	out := slices.Clone(all)
	for i := range out {
		s := &out[i]
		for _, r := range text {
			switch {
			case s.stopped:
			case r == '/':
				s.segments = append(slices.Clip(s.segments), segment{s.text, !s.cut})
				s.text, s.cut = "", false
			case !s.cut:
				s.text += string(r)
			}
		}
	}
	return out
}

// loose draws on with texts of which nothing is known but whether they may have slashes.
func loose(all []sketch, slashes bool) []sketch {
	out := slices.Clone(all)
	for i := range out {
		out[i].cut = true
		out[i].stopped = out[i].stopped || slashes
	}
	return out
}

// either draws on with one of some continuations.
func either[T any](all []sketch, from []T, slashes func() bool, with func([]sketch, T) []sketch) []sketch {
	var out []sketch
	for _, one := range from {
		if len(out)+len(all) > maxOutlines {
			return loose(all, slashes())
		}
		out = append(out, with(all, one)...)
	}
	if len(out) > maxOutlines {
		return loose(all, slashes())
	}
	return out
}

// sketches draws on with what a tree matches. It recurses as deep as the parser allows.
func sketches(all []sketch, tree *syntax.Regexp) []sketch {
	slashes := func() bool { return slashed(tree) }
	switch tree.Op {
	case syntax.OpEmptyMatch, syntax.OpBeginLine, syntax.OpEndLine, syntax.OpBeginText, syntax.OpEndText,
		syntax.OpWordBoundary, syntax.OpNoWordBoundary:
		return all
	case syntax.OpLiteral:
		if tree.Flags&syntax.FoldCase == 0 {
			return add(all, string(tree.Rune))
		}
		for _, r := range tree.Rune {
			all = either(all, orbit(r), func() bool { return r == '/' }, add)
		}
		return all
	case syntax.OpCharClass:
		if of := runes(tree); len(of) > 0 {
			return either(all, of, slashes, add)
		}
	case syntax.OpConcat:
		for _, sub := range tree.Sub {
			all = sketches(all, sub)
		}
		return all
	case syntax.OpAlternate:
		return either(all, tree.Sub, slashes, sketches)
	case syntax.OpQuest:
		return either(all, []*syntax.Regexp{{Op: syntax.OpEmptyMatch}, tree.Sub[0]}, slashes, sketches)
	case syntax.OpPlus:
		all = sketches(all, tree.Sub[0])
	case syntax.OpRepeat:
		if tree.Min > 0 {
			all = sketches(all, tree.Sub[0])
		}
	}
	return loose(all, slashes())
}

// slashed reports whether a tree may match texts with slashes.
func slashed(tree *syntax.Regexp) bool {
	switch tree.Op {
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		return true
	case syntax.OpLiteral:
		return slices.Contains(tree.Rune, '/')
	case syntax.OpCharClass:
		for i := 0; i+1 < len(tree.Rune); i += 2 {
			if tree.Rune[i] <= '/' && '/' <= tree.Rune[i+1] {
				return true
			}
		}
		return false
	}
	return slices.ContainsFunc(tree.Sub, slashed)
}

// runes returns the runes of a small class, as texts; of a large one, none.
func runes(class *syntax.Regexp) []string {
	var out []string
	for i := 0; i+1 < len(class.Rune); i += 2 {
		for r := class.Rune[i]; r <= class.Rune[i+1]; r++ {
			if len(out) == 4 {
				return nil
			}
			out = append(out, string(r))
		}
	}
	return out
}

// orbit returns the spellings of a rune where case does not count.
func orbit(r rune) []string {
	out := []string{string(r)}
	for f := unicode.SimpleFold(r); f != r; f = unicode.SimpleFold(f) {
		out = append(out, string(f))
	}
	return out
}
