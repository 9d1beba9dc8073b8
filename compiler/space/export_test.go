package space

import "slices"

// Normal reports whether a path is in normal form, as examples are looked for.
func (s *Space) Normal(path string) bool { return s.universes.paths.run(path) }

// FieldValue reports whether the lines of a field can have a value together.
func (s *Space) FieldValue(value string) bool { return s.universes.fields.run(value) }

// Forget has the next question drop what is known of expressions, as when that takes too much memory.
func (s *Space) Forget() { s.cells = maxCells + 1 }

// Run reports whether the automaton of an expression accepts a text.
func (s *Space) Run(expr, text string) (bool, error) {
	c, err := s.matching(expr)
	if err != nil {
		return false, err
	}
	m := s.ask()
	a := c.expression.automaton()
	state := a.start()
	for _, symbol := range decode(text) {
		if state = a.step(m, state, a.alphabet().classOf(symbol)); state == nothing {
			return false, nil
		}
	}
	return a.accepts(state), nil
}

// Sample returns the text that an expression is first tried with, and whether it is known to match.
func (s *Space) Sample(expr string) (text string, sure bool, err error) {
	c, err := s.matching(expr)
	if err != nil {
		return "", false, err
	}
	return c.expression.sample, c.expression.sure, nil
}

// Indexed reports whether indexes of an expression for paths and of a text, and of what is below it, find each other.
func (s *Space) Indexed(expr, text string) (bool, error) {
	c, err := s.matching(expr)
	if err != nil {
		return false, err
	}
	on := func(c *condition) *Match { return &Match{clauses: []clause{{s.part(pathPart, ""), c}}} }
	all := []*Match{on(c), on(s.oneOf(text)), on(s.condition(below, text))}
	x := NewIndex(all)
	for i, m := range all {
		if i == 0 && len(x.Meeting(m)) < 3 || !slices.Contains(x.Meeting(m), 0) {
			return false, nil
		}
	}
	return true, nil
}
