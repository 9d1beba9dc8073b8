package check

import (
	"gwc.dev/compiler/routing"
	"gwc.dev/schema"
)

// assume has questions be about requests of the listeners of a view, of which it is known what the fields about the client can
// be there; nil: of any listener.
func (p *pass) assume(v *routing.View) {
	told, ok := p.told[v]
	if !ok {
		var serving []schema.Listener
		for _, l := range p.Listeners {
			if l.Redirect == nil {
				serving = append(serving, l)
			}
		}
		fields := routing.ToldAt(p.Gateway, serving...)
		if v != nil {
			fields = v.Told
		}
		var err error
		if told, err = p.table.Space.Assumption(fields); err != nil { // its matches are ours
			panic(err)
		}
		p.told[v] = told
	}
	p.table.Space.Assume(told)
}
