package picture

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// clean returns text as one line of printable characters: what is no text, breaks lines or changes the direction of
// writing becomes U+FFFD.
func clean(text string) string {
	return strings.Map(func(r rune) rune {
		if r == utf8.RuneError || !unicode.IsPrint(r) {
			return utf8.RuneError
		}
		return r
	}, text)
}

// cut returns at most so many characters of text, with a mark where some are missing.
func cut(text string, most int) string {
	if utf8.RuneCountInString(text) <= most {
		return text
	}
	runes := []rune(text)
	return string(runes[:most-1]) + "…"
}
