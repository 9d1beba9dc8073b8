package space

// A meter bounds the work of one call of [Space.Find]. A unit is about one step of one automaton.
type meter struct {
	left int
	had  int // when the question was asked
	// turn is the number of the call. Each pays for the states that it comes to, whether they are known from earlier
	// ones or not, so that its result does not depend on these.
	turn uint32
}

func (m *meter) spend(n int)     { m.left -= n }
func (m *meter) exhausted() bool { return m.left < 0 }
