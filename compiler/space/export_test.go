package space

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
