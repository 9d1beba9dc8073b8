package bundle

import "regexp"

// A Pattern is a regular expression that is met by a text as a whole or not at all: none that is meant for a part, and none
// of whose alternatives the first to fit is too short, as in "a|ab".
type Pattern struct{ longest *regexp.Regexp }

// NewPattern reads a pattern in Go's syntax.
func NewPattern(text string) (*Pattern, error) {
	expression, err := regexp.Compile(text)
	if err != nil {
		return nil, err
	}
	// What matches all of a text is the longest match at its start. To write anchors around it would not do: of `\Qa` the
	// one behind would be a part.
	expression.Longest()
	return &Pattern{expression}, nil
}

// Match reports whether p matches the whole of text.
func (p *Pattern) Match(text string) bool {
	at := p.longest.FindStringIndex(text)
	return at != nil && at[0] == 0 && at[1] == len(text)
}

// String returns p as it was written; "" of nil.
func (p *Pattern) String() string {
	if p == nil {
		return ""
	}
	return p.longest.String()
}
