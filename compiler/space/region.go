package space

import "slices"

// A region is the requests that fulfil some conditions and do not fulfil others, part by part: a box for each part
// that there are conditions on.
type region []box

type box struct {
	part    *part
	in, out []*condition
}

// newRegion returns what matches have in common.
func newRegion(matches []*Match) region {
	var r region
	for _, m := range matches {
		for _, c := range m.clauses {
			r = r.within(c)
		}
	}
	return r
}

// box returns the conditions on a part.
func (r region) box(p *part) box {
	for _, b := range r {
		if b.part == p {
			return b
		}
	}
	return box{part: p}
}

// within returns what of r fulfils a clause.
func (r region) within(c clause) region {
	r = slices.Clone(r)
	b := r.own(c.part)
	b.in = append(slices.Clip(b.in), c.condition)
	return r
}

// without returns what of r fulfils none of some clauses.
func (r region) without(clauses ...clause) region {
	r = slices.Clone(r)
	for i := range r {
		r[i].out = slices.Clip(r[i].out)
	}
	for _, c := range clauses {
		b := r.own(c.part)
		b.out = append(b.out, c.condition)
	}
	return r
}

// own returns the box of a part in r, which it adds if there is none.
func (r *region) own(p *part) *box {
	for i := range *r {
		if (*r)[i].part == p {
			return &(*r)[i]
		}
	}
	*r = append(*r, box{part: p})
	return &(*r)[len(*r)-1]
}
