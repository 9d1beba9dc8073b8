package check

import "strings"

// disjoint reports whether no request can fulfil both sets of matches, which are sorted by name. It may miss
// that, where two expressions have nothing in common but their beginnings.
func disjoint(a, b []value) bool {
	for len(a) > 0 && len(b) > 0 {
		switch strings.Compare(a[0].name, b[0].name) {
		case -1:
			a = a[1:]
		case +1:
			b = b[1:]
		default:
			if a[0].excludes(b[0]) {
				return true
			}
			a, b = a[1:], b[1:]
		}
	}
	return false
}

// excludes reports whether no value, present or missing, fulfils both matches.
func (v value) excludes(w value) bool {
	if v.absent() || w.absent() {
		return v.absent() != w.absent()
	}
	switch {
	case v.Exact != nil && w.Exact != nil:
		return *v.Exact != *w.Exact
	case v.Exact != nil && w.Regex != "":
		return w.expression.refuses(*v.Exact)
	case v.Regex != "" && w.Exact != nil:
		return v.expression.refuses(*w.Exact)
	case v.Regex != "" && w.Regex != "":
		return v.expression.excludes(w.expression)
	default:
		return false
	}
}

// absent reports whether the match holds where the name is missing.
func (v value) absent() bool { return v.Present != nil && !*v.Present }
