// Package space computes with sets of requests: whether a route's match leaves something to another, whether two
// overlap, and a request that shows it.
//
//	s := space.New(0)
//	r, err := s.Match(route.Match, "api.example.com")
//	...
//	switch found := s.Find([]*space.Match{r}, higher); found.Verdict {
//	case space.Found: // found.Request is taken by r and by none of higher
//	case space.Empty: // together, higher[i] for i in found.By take all that r does
//	}
//
// Of many matches, an [Index] gives those that r can meet at all.
//
// A set is a [Match]: what a route's match takes on one host pattern. It is exactly what the match table of package
// runtime/route takes. All requests are those that reach the table: paths are in normal form, values are what one or
// several lines of a field can have, and fields that end at the gateway (Host, Upgrade, X-Real-Ip: see package header) are never
// there. Bounds on the size of a request are not looked at, and fields that the gateway writes itself (X-Forwarded-For) are
// taken for the client's, but for what is assumed of them ([Space.Assume]). A request that a route takes may still be refused: by
// a filter, or for a path that reads in two ways.
//
// Paths and values are held against RE2 expressions by automata, so that Found and Empty are proofs. Everything is
// bounded: where a proof would take more than that, the verdict is Undecided and never a guess.
package space

import "math"

// A Space makes matches and answers questions about them. It keeps what it has found out about expressions for
// questions that come later; the answers do not depend on that. It is for one goroutine at a time.
type Space struct {
	work        int
	conditions  map[conditionKey]*condition
	budget      int // of all questions that are still to come
	parts       map[partKey]*part
	expressions []*expression
	spellings   map[string]*condition // of expressions, as they are written
	cells       int                   // of the automata of expressions
	universes   universes
	assumed     Assumption
	turns       uint32
}

// DefaultWork decides what people write, and ends a question within some tenths of a second.
const DefaultWork = 8_000_000

// New returns a Space that spends at most work on a question, in steps of automata; 0 is [DefaultWork].
func New(work int) *Space {
	if work == 0 {
		work = DefaultWork
	}
	return &Space{
		work: work, budget: math.MaxInt, conditions: map[conditionKey]*condition{}, parts: map[partKey]*part{},
		spellings: map[string]*condition{}, universes: newUniverses(),
	}
}

// A Verdict is what is known about a set of requests.
type Verdict int

// Verdicts.
const (
	Undecided Verdict = iota
	Empty
	Found // it has a request
)

func (v Verdict) String() string { return [...]string{"undecided", "empty", "found"}[v] }

// maxCells bounds the memory that the automata of expressions keep between two questions: 4 bytes each.
const maxCells = 16 << 20

// ask returns the meter of another question.
func (s *Space) ask() *meter {
	if s.cells > maxCells {
		for _, e := range s.expressions {
			e.lazy = nil
		}
		s.cells = 0
	}
	s.turns++
	left := min(s.work, s.budget)
	return &meter{left: left, had: left, turn: s.turns}
}

// account takes what a question has cost from the budget.
func (s *Space) account(m *meter) { s.budget = max(0, s.budget-(m.had-m.left)) }

// Charge takes what was done beside questions from what there is for all of them, and reports whether something is left.
func (s *Space) Charge(work int) bool {
	s.budget = max(0, s.budget-work)
	return s.budget > 0
}

// Spend bounds the work on all questions from now on together, in steps of automata. Questions beyond that are undecided.
func (s *Space) Spend(work int) { s.budget = work }
