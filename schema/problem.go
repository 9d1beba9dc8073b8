package schema

import "fmt"

// A Problem is something wrong at a place of the model. Whoever reads a model reports problems by path; the
// compiler knows the position in the user's file.
type Problem struct {
	Path Path
	// Code is stable and names the kind of problem, for instance "route-regex".
	Code    string
	Message string
	// Hint says what to do about it; it may be empty.
	Hint string
}

// Error implements error.
func (p *Problem) Error() string { return fmt.Sprintf("%s: %s [%s]", p.Path, p.Message, p.Code) }
