package check

import (
	"gwc.dev/compiler/routing"
	"gwc.dev/compiler/space"
	"gwc.dev/schema"
)

// assume has all questions know what the fields about the client can be.
func (p *pass) assume(s *space.Space) {
	var serving []schema.Listener
	for _, l := range p.Listeners {
		if l.Redirect == nil {
			serving = append(serving, l)
		}
	}
	told, err := s.Assumption(routing.ToldAt(p.Gateway, serving...))
	if err != nil { // its matches are ours
		panic(err)
	}
	s.Assume(told)
}
