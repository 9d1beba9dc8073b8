package route

import "slices"

// few is how many matches are tried one after the other before an index is worth its maps.
const few = 8

// candidates are matches of the same host and path, sorted by rank. Where they are many they are indexed: by
// one exact value that a match asks for, else by its methods. A nil candidates is empty.
type candidates struct {
	// all stands alone; with an index it holds only the matches that the index cannot tell apart.
	all     []*match
	values  []valueIndex
	methods map[string][]*match
}

// A valueIndex holds the matches that ask for an exact value of one header field or query parameter.
type valueIndex struct {
	valueMatch // its name
	matches    map[string][]*match
}

func (c *candidates) add(m *match) { c.all = append(c.all, m) }

// freeze sorts what was added, and indexes it.
func (c *candidates) freeze() {
	if c == nil {
		return
	}
	slices.SortFunc(c.all, func(a, b *match) int { return a.rank - b.rank })
	if len(c.all) <= few {
		return
	}
	matches := c.all
	c.all = nil
	c.methods = map[string][]*match{}
	for _, m := range matches {
		exact := slices.IndexFunc(m.values, func(v valueMatch) bool { return v.exact != nil })
		switch {
		case exact >= 0:
			v := &m.values[exact]
			set := c.index(v).matches
			set[*v.exact] = append(set[*v.exact], m)
		case len(m.methods) > 0:
			for _, method := range m.methods {
				c.methods[method] = append(c.methods[method], m)
			}
		default:
			c.all = append(c.all, m)
		}
	}
}

// index returns the index of the values that v asks for.
func (c *candidates) index(v *valueMatch) *valueIndex {
	for i := range c.values {
		if c.values[i].query == v.query && c.values[i].name == v.name {
			return &c.values[i]
		}
	}
	c.values = append(c.values, valueIndex{*v, map[string][]*match{}})
	return &c.values[len(c.values)-1]
}

// first returns the match of the lowest rank that takes the request: one of c, or best where that is lower.
func (c *candidates) first(r *request, best *match) *match {
	if c == nil {
		return best
	}
	for i := range c.values {
		if value, ok := c.values[i].of(r); ok {
			best = first(c.values[i].matches[value], r, best)
		}
	}
	if c.methods != nil {
		best = first(c.methods[r.method], r, best)
	}
	return first(c.all, r, best)
}

func first(sorted []*match, r *request, best *match) *match {
	for _, m := range sorted {
		if best != nil && best.rank <= m.rank {
			return best
		}
		if m.fits(r) {
			return m
		}
	}
	return best
}
