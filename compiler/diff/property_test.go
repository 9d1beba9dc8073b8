package diff_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"gwc.dev/compiler/diff"
	"gwc.dev/schema"
)

// rich returns a model in which everything is set that a resolved model can hold.
func rich(t *testing.T) *schema.Gateway {
	t.Helper()
	var g schema.Gateway
	n := 0
	fill(reflect.ValueOf(&g).Elem(), &n)
	g.Filters = schema.Filters{}
	for name, api := range g.APIs {
		api.Filters = schema.Filters{}
		g.APIs[name] = api
	}
	return g.Resolve()
}

// fill sets v to values that are all different.
func fill(v reflect.Value, n *int) {
	*n++
	switch {
	case v.Type() == reflect.TypeFor[schema.Duration]():
		v.SetInt(int64(*n) * int64(time.Second))
	case v.Type() == reflect.TypeFor[schema.JSON]():
		v.SetBytes(fmt.Appendf(nil, `{"k":"%d"}`, *n))
	case v.Kind() == reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).Name != "Disabled" {
				fill(v.Field(i), n)
			}
		}
	case v.Kind() == reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), n)
	case v.Kind() == reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		for _, name := range []string{"a b"} {
			entry := reflect.New(v.Type().Elem()).Elem()
			fill(entry, n)
			v.SetMapIndex(reflect.ValueOf(name), entry)
		}
	case v.Kind() == reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		fill(v.Index(0), n)
		fill(v.Index(1), n)
	case v.Kind() == reflect.String:
		v.SetString("s" + strconv.Itoa(*n))
	case v.Kind() == reflect.Bool:
		v.SetBool(true)
	case v.Kind() == reflect.Float64:
		v.SetFloat(float64(*n) / 8)
	default:
		v.SetInt(int64(*n))
	}
}

// A mutation is an edit of a JSON tree at a path.
type mutation struct {
	path []string
	kind string
	do   func(root any)
}

// mutations returns every edit of one value of a tree.
func mutations(tree any) []mutation {
	var out []mutation
	var walk func(node any, path []string)
	// At sets the value at a path of another copy of the tree, or drops it.
	at := func(path []string, edit func(any) (any, bool)) func(any) {
		return func(root any) { set(root, path, edit) }
	}
	walk = func(node any, path []string) {
		path = slices.Clip(path)
		if len(path) > 0 {
			out = append(out, mutation{path, "drop", at(path, func(any) (any, bool) { return nil, false })})
		}
		switch node := node.(type) {
		case map[string]any:
			for _, k := range slices.Sorted(maps.Keys(node)) {
				walk(node[k], append(path, k))
			}
		case []any:
			for i, v := range node {
				walk(v, append(path, strconv.Itoa(i)))
			}
			out = append(out, mutation{path, "grow", at(path, func(v any) (any, bool) { return append(v.([]any), "new"), true })})
		case string:
			out = append(out, mutation{path, "change", at(path, func(v any) (any, bool) { return v.(string) + "1ms", true })})
		case float64:
			out = append(out, mutation{path, "change", at(path, func(v any) (any, bool) { return v.(float64) + 1, true })})
		case bool:
			out = append(out, mutation{path, "change", at(path, func(v any) (any, bool) { return !v.(bool), true })})
		}
	}
	walk(tree, nil)
	return out
}

// set edits the value at a path; of what is no longer there, nothing.
func set(node any, path []string, edit func(any) (any, bool)) any {
	if len(path) == 0 {
		v, _ := edit(node)
		return v
	}
	switch node := node.(type) {
	case map[string]any:
		v, ok := node[path[0]]
		if !ok {
			return node
		}
		if len(path) > 1 {
			node[path[0]] = set(v, path[1:], edit)
		} else if v, keep := edit(v); keep {
			node[path[0]] = v
		} else {
			delete(node, path[0])
		}
	case []any:
		i, err := strconv.Atoi(path[0])
		if err != nil || i >= len(node) {
			return node
		}
		if len(path) > 1 {
			node[i] = set(node[i], path[1:], edit)
		} else if v, keep := edit(node[i]); keep {
			node[i] = v
		} else {
			return slices.Delete(node, i, i+1)
		}
		return node
	}
	return node
}

func tree(t *testing.T, g *schema.Gateway) any {
	t.Helper()
	data, err := g.Encode()
	if err != nil {
		t.Fatal(err)
	}
	var out any
	if err := json.Unmarshal(data, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

func fromTree(t *testing.T, root any) *schema.Gateway {
	t.Helper()
	data, err := json.Marshal(root)
	if err != nil {
		t.Fatal(err)
	}
	return model(t, string(data))
}

// canonical returns a model's canonical form with lists as sets, but those that have an order: the meaning that a diff is about.
func canonical(t *testing.T, g *schema.Gateway) any {
	t.Helper()
	var sorted func(v any) any
	sorted = func(v any) any {
		switch v := v.(type) {
		case map[string]any:
			for k := range v {
				if k != "mirrors" { // asked in their order
					v[k] = sorted(v[k])
				}
			}
			if e, ok := v["endpoints"].(map[string]any); ok && len(e) == 0 {
				v["endpoints"] = nil
			}
		case []any:
			slices.SortFunc(v, func(a, b any) int { return cmpStrings(a, b) })
			return slices.CompactFunc(v, func(a, b any) bool { return cmpStrings(a, b) == 0 })
		}
		return v
	}
	return sorted(tree(t, g.Resolve()))
}

func cmpStrings(a, b any) int { return strings.Compare(a.(string), b.(string)) }

func TestCompareOfOneModelIsEmpty(t *testing.T) {
	for _, g := range []*schema.Gateway{{}, model(t, base), rich(t)} {
		if got := diff.Compare(g, g).Changes; len(got) > 0 {
			t.Errorf("changes: %v", got)
		}
		if got := diff.Compare(g, fromTree(t, tree(t, g))).Changes; len(got) > 0 {
			t.Errorf("changes of a copy: %v", got)
		}
	}
}

// TestEveryMutationIsReported holds that nothing is omitted: whatever single value is edited, dropped or added, in
// either direction, some change names the place, its whole or a part of it.
func TestEveryMutationIsReported(t *testing.T) {
	g := rich(t)
	all := mutations(tree(t, g))
	if len(all) < 200 {
		t.Fatalf("only %d mutations", len(all))
	}
	meaning := canonical(t, g)
	for _, m := range all {
		root := tree(t, g)
		m.do(root)
		mutant := fromTree(t, root)
		if reflect.DeepEqual(meaning, canonical(t, mutant)) {
			continue // A default took the place of what was dropped.
		}
		for _, pair := range [][2]*schema.Gateway{{g, mutant}, {mutant, g}} {
			changes := diff.Compare(pair[0], pair[1]).Changes
			named := slices.ContainsFunc(changes, func(c diff.Change) bool {
				names := c.Path.Names()
				n := min(len(names), len(m.path))
				return slices.Equal(names[:n], m.path[:n])
			})
			if !named {
				t.Errorf("%s %q: changes %v do not name it", m.kind, m.path, changes)
			}
			for _, c := range changes {
				if c.Reason == "" || c.Reason == "not classified" {
					t.Errorf("%s %q: change %v has no reason", m.kind, m.path, c)
				}
				if c.Kind == diff.Changed && c.Old == c.New {
					t.Errorf("%s %q: change %v shows no difference", m.kind, m.path, c)
				}
			}
		}
	}
}

// TestCompareIsEmptyForEqualModelsOnly compares models with some random edits, and lists in random order, with
// the canonical form as oracle.
func TestCompareIsEmptyForEqualModelsOnly(t *testing.T) {
	g := rich(t)
	all := mutations(tree(t, g))
	random := rand.New(rand.NewPCG(1, 2))
	mutant := func() *schema.Gateway {
		root := tree(t, g)
		for range random.IntN(3) {
			// Few mutations to choose from, so that both sides often make the same.
			all[random.IntN(4)*len(all)/4].do(root)
		}
		shuffle(root, random)
		return fromTree(t, root)
	}
	equal := 0
	for range 300 {
		old, new := mutant(), mutant()
		same := reflect.DeepEqual(canonical(t, old), canonical(t, new))
		if same {
			equal++
		}
		if changes := diff.Compare(old, new).Changes; same != (len(changes) == 0) {
			t.Errorf("equal is %t and the changes are %v", same, changes)
		}
	}
	if equal == 0 || equal == 300 {
		t.Errorf("%d of 300 pairs are equal: the test says nothing", equal)
	}
}

func shuffle(v any, random *rand.Rand) {
	switch v := v.(type) {
	case map[string]any:
		for _, k := range slices.Sorted(maps.Keys(v)) {
			shuffle(v[k], random)
		}
	case []any:
		random.Shuffle(len(v), func(i, j int) { v[i], v[j] = v[j], v[i] })
	}
}

// FuzzCompare holds that no two models make it fail, and that what differs one way differs the other way.
func FuzzCompare(f *testing.F) {
	f.Add([]byte(base), []byte(`{"environment": "x"}`))
	f.Add([]byte(`{"apis": {"a": {"routes": {"r": {"auth": {"allow": {}}}}}}}`), []byte(`{"apis": {"a": {"routes": {"r": {}}}}}`))
	f.Fuzz(func(t *testing.T, a, b []byte) {
		old, err := schema.Decode(a)
		if err != nil {
			return
		}
		new, err := schema.Decode(b)
		if err != nil {
			return
		}
		there, back := diff.Compare(old, new), diff.Compare(new, old)
		if len(there.Changes) != len(back.Changes) {
			t.Errorf("%v there and %v back", there.Changes, back.Changes)
		}
	})
}
