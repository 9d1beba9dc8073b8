package diff

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// A rule gives an edit of one place its class, and says why.
type rule func(e *edit) (Class, string)

// always gives every edit of a place one class.
func always(c Class, reason string) rule {
	return func(*edit) (Class, string) { return c, reason }
}

// note is the rule of what callers do not notice.
func note(noun string) rule {
	return func(e *edit) (Class, string) { return Safe, noun + " " + e.kind.String() }
}

// A verdict is a class and its reason.
type verdict struct {
	class  Class
	reason string
}

// by gives an edit the verdict of its kind.
func by(added, removed, changed verdict) rule {
	return func(e *edit) (Class, string) {
		v := [...]verdict{Added: added, Removed: removed, Changed: changed}[e.kind]
		return v.class, v.reason
	}
}

// flag is the rule of a boolean.
func flag(on, off verdict) rule {
	return func(e *edit) (Class, string) {
		if e.new.(bool) {
			return on.class, on.reason
		}
		return off.class, off.reason
	}
}

// amount is the rule of a number or duration. Where zero means that there is no bound, it counts as the highest.
func amount[T cmp.Ordered](noun string, raised, lowered Class, unbounded bool) rule {
	return func(e *edit) (Class, string) {
		var zero T
		switch old, new := e.old.(T), e.new.(T); {
		case unbounded && old == zero:
			return lowered, noun + " added"
		case unbounded && new == zero:
			return raised, noun + " removed"
		case new > old:
			return raised, noun + " raised"
		default:
			return lowered, noun + " lowered"
		}
	}
}

// members is the rule of a list. Where an empty list means everything, it counts as the largest.
func members(noun string, grown, shrunk Class, everything bool) rule {
	return func(e *edit) (Class, string) {
		old, new := e.old.([]string), e.new.([]string)
		switch {
		case everything && len(old) == 0:
			return shrunk, "only some " + plural(noun) + " now"
		case everything && len(new) == 0:
			return grown, "any " + noun + " now"
		}
		class, reasons := Safe, []string(nil)
		if gone := without(old, new); len(gone) > 0 {
			class, reasons = shrunk, append(reasons, listed(noun, gone)+" removed")
		}
		if more := without(new, old); len(more) > 0 {
			class, reasons = max(class, grown), append(reasons, listed(noun, more)+" added")
		}
		return class, strings.Join(reasons, ", ")
	}
}

func plural(noun string) string {
	if strings.HasSuffix(noun, "y") {
		return strings.TrimSuffix(noun, "y") + "ies"
	}
	return noun + "s"
}

// without returns the members of a that are not in b.
func without(a, b []string) []string {
	return slices.DeleteFunc(set(a), func(s string) bool { return slices.Contains(b, s) })
}

// listed names one member, or counts several.
func listed(noun string, names []string) string {
	if len(names) == 1 {
		return noun + " " + strconv.Quote(names[0])
	}
	return fmt.Sprintf("%d %s", len(names), plural(noun))
}

// use is the rule of a weight, which matters most where it comes from or goes to 0.
func use(noun string) rule {
	return func(e *edit) (Class, string) {
		switch old, new := e.old.(int), e.new.(int); {
		case old == 0:
			return Risky, noun + " comes into use"
		case new == 0:
			return Risky, noun + " goes out of use"
		default:
			return Safe, "weight shifted"
		}
	}
}
