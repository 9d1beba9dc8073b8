package compiler

import (
	"maps"
	"reflect"
	"strings"

	"gwc.dev/compiler/diag"
	"gwc.dev/schema"
)

// Positions are where the places of a model are written: where the field's name stands, in the most specific
// file that says something about it. It implements [diag.Locator].
type Positions struct {
	at map[schema.Path]diag.Position
	// inherited are the filters that routes of the resolved model have from their API or the gateway.
	inherited map[schema.Path]diag.Position
	filters   map[string]bool
}

const testsField = "tests"

func newPositions() *Positions {
	p := &Positions{
		at:        map[schema.Path]diag.Position{},
		inherited: map[schema.Path]diag.Position{},
		filters:   map[string]bool{},
	}
	for f := range reflect.TypeFor[schema.Filters]().Fields() {
		p.filters[jsonName(f)] = true
	}
	return p
}

func jsonName(f reflect.StructField) string {
	name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
	return name
}

// All returns the positions of all places of the resolved model that are written somewhere, those of the filters that
// a route inherits among them. Tests are no part of it.
func (p *Positions) All() map[schema.Path]diag.Position {
	all := maps.Clone(p.at)
	maps.Copy(all, p.inherited)
	maps.DeleteFunc(all, func(path schema.Path, _ diag.Position) bool {
		return path == testsField || strings.HasPrefix(string(path), testsField+".")
	})
	return all
}

// Position returns where path is written; of a path that is written nowhere, where the nearest place above
// it is. What a route inherits is written at its API or at the gateway.
func (p *Positions) Position(path schema.Path) diag.Position {
	names := path.Names()
	if len(names) > 4 && names[0] == "apis" && names[2] == "routes" && p.filters[names[4]] {
		for _, level := range []int{4, 2, 0} { // the route, the API, the gateway
			outer := schema.NewPath(names[:level]...).Join(names[4])
			if _, ok := p.at[outer]; ok {
				names = outer.Join(names[5:]...).Names()
				break
			}
		}
	}
	for ; len(names) > 0; names = names[:len(names)-1] {
		if pos, ok := p.at[schema.NewPath(names...)]; ok {
			return pos
		}
	}
	return p.at[""]
}

// inherit records where the filters are written that routes of a resolved model have from above.
func (p *Positions) inherit(g *schema.Gateway) {
	for name, api := range g.APIs {
		for route, r := range api.Routes {
			at := schema.NewPath("apis", name, "routes", route)
			filters := reflect.ValueOf(r.Filters)
			for f, v := range filters.Fields() {
				filter := at.Join(jsonName(f))
				if _, own := p.at[filter]; !own && !v.IsZero() {
					p.inherited[filter] = p.Position(filter)
				}
			}
		}
	}
}
