package diag

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Plain returns s with everything as an escape that is not to be seen, control characters, which a terminal would obey,
// and marks that reorder or hide text, and with everything that a CI server obeys in a log.
func Plain(s string) string { return inert(printable(s)) }

// inert returns s without the beginnings of what CI servers take for commands: "::" at the start of a line, as in
// "::error::" (GitHub), and "##" anywhere, as in "##[add-mask]" (GitHub), "##vso[" (Azure) and "##teamcity[".
func inert(s string) string {
	if text := strings.TrimLeft(s, " "); strings.HasPrefix(text, "::") {
		s = s[:len(s)-len(text)] + `\x3a` + text[1:]
	}
	return strings.ReplaceAll(s, "##", `#\x23`)
}

func printable(s string) string {
	if strings.IndexFunc(s, hidden) < 0 && utf8.ValidString(s) {
		return s
	}
	var b strings.Builder
	for s != "" {
		r, size := utf8.DecodeRuneInString(s)
		switch {
		case r == utf8.RuneError && size == 1:
			fmt.Fprintf(&b, `\x%02x`, s[0])
		case hidden(r):
			quoted := strconv.QuoteRuneToASCII(r)
			b.WriteString(quoted[1 : len(quoted)-1])
		default:
			b.WriteRune(r)
		}
		s = s[size:]
	}
	return b.String()
}

func hidden(r rune) bool { return !unicode.IsPrint(r) }

// oneLine returns s on one line, line breaks and the blanks around them as one blank.
func oneLine(s string) string {
	parts := lines(s)
	for i := range parts {
		parts[i] = strings.TrimSpace(parts[i])
	}
	return Plain(strings.Join(parts, " "))
}

// block returns the lines of s, which may be indented.
func block(s string) []string {
	parts := lines(strings.ReplaceAll(s, "\t", "    "))
	for i := range parts {
		parts[i] = Plain(parts[i])
	}
	return parts
}

// lines returns the lines of s that are not empty, without blanks at their ends.
func lines(s string) []string {
	var out []string
	for line := range strings.FieldsFuncSeq(s, func(r rune) bool { return r == '\n' || r == '\r' }) {
		if line = strings.TrimRightFunc(line, unicode.IsSpace); line != "" {
			out = append(out, line)
		}
	}
	return out
}
