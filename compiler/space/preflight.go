package space

import (
	"slices"

	"gwc.dev/schema/header"
)

// What makes a request a CORS preflight, which the match table gives to the route of the method that it announces,
// if that one speaks CORS.
const (
	preflightMethod = "OPTIONS"
	originField     = "origin"
	announcedField  = "access-control-request-method"
)

// Preflight reports whether r is a CORS preflight. Sets take such a request by its own method, OPTIONS; in the match
// table another route can come first that speaks CORS and takes the method that it announces.
func (r *Request) Preflight() bool {
	has := func(name string) bool {
		return slices.ContainsFunc(r.Header, func(f Field) bool { return f.Name == name })
	}
	return r.Method == preflightMethod && has(originField) && has(announcedField)
}

// Preflights returns all preflights.
func (s *Space) Preflights() *Match {
	m := &Match{}
	s.add(m, methodPart, "", s.oneOf(preflightMethod))
	s.add(m, headerPart, originField, s.condition(present, ""))
	s.add(m, headerPart, announcedField, s.condition(present, ""))
	return m
}

// Announced returns the preflights that announce a request of m: what m asks of the method, it asks of the one that is
// announced.
func (s *Space) Announced(m *Match) *Match {
	out := s.Preflights()
	for _, c := range m.clauses {
		if c.part.kind == methodPart {
			c.part = s.part(headerPart, announcedField)
		}
		out.clauses = append(out.clauses, c)
	}
	slices.SortStableFunc(out.clauses, func(a, b clause) int { return int(a.condition.kind) - int(b.condition.kind) })
	return out
}

// Where returns the requests on the hosts and paths of m.
func (s *Space) Where(m *Match) *Match {
	return m.only(func(k partKind) bool { return k == hostPart || k == pathPart })
}

// AnyMethod returns the requests of m, and those that are like them but for the method.
func (s *Space) AnyMethod(m *Match) *Match {
	return m.only(func(k partKind) bool { return k != methodPart })
}

// AnyPath returns the requests of m, and those that are like them but for the path.
func (s *Space) AnyPath(m *Match) *Match {
	return m.only(func(k partKind) bool { return k != pathPart })
}

// Path returns the requests on the paths of m.
func (s *Space) Path(m *Match) *Match {
	return m.only(func(k partKind) bool { return k == pathPart })
}

// only returns the requests that fulfil what m asks of some parts.
func (m *Match) only(of func(partKind) bool) *Match {
	out := &Match{}
	for _, c := range m.clauses {
		if of(c.part.kind) {
			out.clauses = append(out.clauses, c)
		}
	}
	return out
}

// isTold reports whether a part is a field that is the gateway's word about the client, or its proxies'.
func isTold(p *part) bool {
	if p.kind != headerPart {
		return false
	}
	switch header.KindOf(p.name) {
	case header.Written, header.Trusted, header.Certificate:
		return true
	}
	return false
}

// Bare returns the requests on the hosts and paths of m that have none of the header fields which m asks for, but for those
// that every preflight has, and as m asks for them, those that are the gateway's word about the client.
func (s *Space) Bare(m *Match) *Match {
	out := s.Where(m)
	for _, c := range m.clauses {
		if isTold(c.part) {
			out.clauses = append(out.clauses, c)
		} else if c.part.kind == headerPart && c.part.name != originField && c.part.name != announcedField {
			out.clauses = append(out.clauses, clause{c.part, s.condition(absent, "")})
		}
	}
	return out
}

// Sent returns the requests of which m takes another one by its host, path and query: one with this method, and with these
// header fields and no others, but for those that are the gateway's word about the client, which both have. False: m takes no
// such request.
func (s *Space) Sent(m *Match, method string, header ...Field) (*Match, bool) {
	r := &Request{Method: method, Header: header}
	out := &Match{}
	for _, c := range m.clauses {
		if c.part.kind != methodPart && c.part.kind != headerPart || isTold(c.part) {
			out.clauses = append(out.clauses, c)
		} else if text, ok := r.value(c.part); !ok && c.condition.kind != absent || ok && !c.condition.holds(text) {
			return nil, false
		}
	}
	return out, true
}
