package diff

import (
	"maps"
	"reflect"
	"slices"
	"strings"

	"gwc.dev/schema"
)

// An edit is a difference before it has a class.
type edit struct {
	kind Kind
	// old and new are the values; what is missing is the type's zero value.
	old, new any
	// oldIn and newIn are the structs that hold the values, or the maps that do.
	oldIn, newIn any
	// names are the map keys on the way: of "apis.echo.routes.default.timeout", "echo" and "default".
	names         []string
	before, after *schema.Gateway
}

// A walker goes through two models at once, by reflection, so that no field can be forgotten.
type walker struct {
	before, after *schema.Gateway
	rules         map[string]rule
	changes       []Change
}

func newWalker(before, after *schema.Gateway) *walker {
	return &walker{before: before, after: after, rules: rules()}
}

func (w *walker) compare() {
	old, new := reflect.ValueOf(*w.before), reflect.ValueOf(*w.after)
	w.walk(place{}, old, new, old, new)
}

// A place is where the walker is. Its pattern is the path with "*" for each map key, the key of the table.
type place struct {
	path    schema.Path
	pattern string
	names   []string
	// optional is whether the zero value means that nothing is set.
	optional bool
}

func (p place) field(name string, optional bool) place {
	p.path, p.optional = p.path.Join(name), optional
	p.pattern = strings.TrimPrefix(p.pattern+"."+name, ".")
	return p
}

func (p place) key(name string) place {
	p.path, p.pattern, p.optional = p.path.Join(name), p.pattern+".*", false
	p.names = append(slices.Clip(p.names), name)
	return p
}

// walk compares two values of one type, which stand in oldIn and newIn.
func (w *walker) walk(at place, old, new, oldIn, newIn reflect.Value) {
	switch t := old.Type(); {
	case atomic(t):
		w.leaf(at, old, new, oldIn, newIn)
	case t == reflect.TypeFor[schema.RateLimit]():
		w.walk(at.field("disabled", true), old.FieldByName("Disabled"), new.FieldByName("Disabled"), old, new)
		w.walk(at, old.FieldByName("Windows"), new.FieldByName("Windows"), old, new)
	case t == reflect.TypeFor[schema.RateLimitWindow]():
		w.window(at, old, new)
	case t.Kind() == reflect.Struct:
		w.fields(at, old, new)
	case t.Kind() == reflect.Pointer:
		if old.IsNil() || new.IsNil() {
			at.optional = true
			w.leaf(at, old, new, oldIn, newIn)
			return
		}
		w.walk(at, old.Elem(), new.Elem(), oldIn, newIn)
	case t.Kind() == reflect.Map:
		w.entries(at, old, new)
	default:
		w.leaf(at, old, new, oldIn, newIn)
	}
}

// window compares two windows. A burst that both have anyway, as many requests as the limit, follows the limit and is
// no change of its own.
func (w *walker) window(at place, old, new reflect.Value) {
	a, b := old.Interface().(schema.RateLimitWindow), new.Interface().(schema.RateLimitWindow)
	if a.Burst == a.Requests && b.Burst == b.Requests {
		a.Burst, b.Burst = 0, 0
	}
	w.fields(at, reflect.ValueOf(a), reflect.ValueOf(b))
}

func (w *walker) fields(at place, old, new reflect.Value) {
	for i := range old.NumField() {
		f := old.Type().Field(i)
		if f.Anonymous {
			w.fields(at, old.Field(i), new.Field(i))
			continue
		}
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		w.walk(at.field(name, options == "omitempty"), old.Field(i), new.Field(i), old, new)
	}
}

func (w *walker) entries(at place, old, new reflect.Value) {
	names := map[string]struct{}{}
	for _, m := range []reflect.Value{old, new} {
		for _, k := range m.MapKeys() {
			names[k.String()] = struct{}{}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		a, b := old.MapIndex(reflect.ValueOf(name)), new.MapIndex(reflect.ValueOf(name))
		if a.IsValid() && b.IsValid() {
			w.walk(at.key(name), a, b, old, new)
			continue
		}
		kind := Removed
		zero := reflect.Zero(old.Type().Elem())
		if !a.IsValid() {
			a, kind = zero, Added
		} else {
			b = zero
		}
		w.change(at.key(name), kind, a, b, old, new)
	}
}

// leaf compares two values as a whole.
func (w *walker) leaf(at place, old, new, oldIn, newIn reflect.Value) {
	if a, ok := old.Interface().([]string); ok {
		if b, _ := new.Interface().([]string); slices.Equal(set(a), set(b)) {
			return
		}
	} else if reflect.DeepEqual(old.Interface(), new.Interface()) {
		return
	}
	kind := Changed
	if at.optional && empty(old) {
		kind = Added
	} else if at.optional && empty(new) {
		kind = Removed
	}
	w.change(at, kind, old, new, oldIn, newIn)
}

func (w *walker) change(at place, kind Kind, old, new, oldIn, newIn reflect.Value) {
	e := edit{
		kind: kind, old: old.Interface(), new: new.Interface(), oldIn: oldIn.Interface(), newIn: newIn.Interface(),
		names: at.names, before: w.before, after: w.after,
	}
	c := Change{Path: at.path, Kind: kind}
	c.Class, c.Reason = w.rule(at.pattern)(&e)
	if kind != Added {
		c.Old = text(e.old)
	}
	if kind != Removed {
		c.New = text(e.new)
	}
	w.changes = append(w.changes, c)
}

// atomic reports whether values of a type are compared as a whole: their fields mean nothing one by one.
func atomic(t reflect.Type) bool {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch t {
	case reflect.TypeFor[schema.PathMatch](), reflect.TypeFor[schema.ValueMatch](), reflect.TypeFor[schema.RedirectPath](),
		reflect.TypeFor[schema.APIKey](), reflect.TypeFor[schema.JWKS](), reflect.TypeFor[schema.Certificate]():
		return true
	}
	return false
}

func empty(v reflect.Value) bool {
	return v.IsZero() || (v.Kind() == reflect.Slice || v.Kind() == reflect.Map) && v.Len() == 0
}

// set returns the members of a list, sorted and each once.
func set(list []string) []string { return slices.Compact(slices.Sorted(slices.Values(list))) }
