package space

import (
	"fmt"
	"strings"

	"gwc.dev/schema"
)

// An Assumption says of some parts what all requests have there.
type Assumption map[*part]*condition

// Assumption returns the one that requests have header fields as some matches ask for.
func (s *Space) Assumption(headers map[string]schema.ValueMatch) (Assumption, error) {
	out := Assumption{}
	for name, v := range schema.Sorted(headers) {
		c, err := s.value(v)
		if err != nil {
			return nil, fmt.Errorf("header %q: %w", name, err)
		}
		out[s.part(headerPart, strings.ToLower(name))] = c
	}
	return out, nil
}

// Assume has all questions from now on be about such requests alone; nil: about all.
func (s *Space) Assume(a Assumption) { s.assumed = a }
