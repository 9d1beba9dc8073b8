package schema

import (
	"iter"
	"strings"
)

// A reading is what somebody behind the gateway may take a path for. RFC 3986 leaves it to each server whether an
// escaped slash separates segments, and whether what follows a semicolon belongs to the segment; some servers
// take a backslash for a slash.
type reading struct{ early, slash, backslash, late bool }

// Readings yields the other paths that somebody may take a path in normal form for, some more than once; false: one that is
// no path.
func Readings(path string) iter.Seq2[string, bool] {
	return func(yield func(string, bool) bool) {
		for bits := 1; bits < 16; bits++ { // all combinations but the first, which is the path as it stands
			read, ok := reading{bits&1 > 0, bits&2 > 0, bits&4 > 0, bits&8 > 0}.of(path)
			if read != path && !yield(read, ok) {
				return
			}
		}
	}
}

// of returns the path in that reading; false: it has none.
func (as reading) of(path string) (string, bool) {
	if as.early { // parameters are cut off before escapes are decoded, or after
		path = withoutParameters(path, ";")
	}
	if as.slash {
		path = strings.ReplaceAll(path, "%2F", "/")
	}
	if as.backslash {
		path = strings.ReplaceAll(path, "%5C", "/")
	}
	if as.late {
		path = withoutParameters(withoutParameters(path, ";"), "%3B")
	}
	return NormalizePath(path)
}

// withoutParameters cuts each segment at the separator.
func withoutParameters(path, separator string) string {
	if !strings.Contains(path, separator) {
		return path
	}
	var b strings.Builder
	for i, segment := range strings.Split(path, "/") {
		if i > 0 {
			b.WriteByte('/')
		}
		segment, _, _ = strings.Cut(segment, separator)
		b.WriteString(segment)
	}
	return b.String()
}

// ReadsTwoWays reports whether a path in normal form has something that makes readings differ: an escaped slash or
// backslash, or what begins a parameter.
func ReadsTwoWays(path string) bool {
	for i := 0; i < len(path); i++ {
		switch path[i] {
		case ';':
			return true
		case '%':
			if rest := path[i:]; len(rest) > 2 && (rest[:3] == "%2F" || rest[:3] == "%5C" || rest[:3] == "%3B") {
				return true
			}
		}
	}
	return false
}
