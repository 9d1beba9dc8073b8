package diff

import (
	"fmt"
	"strings"

	"gwc.dev/compiler/diag"
	"gwc.dev/schema"
)

// A group is one change that is the same at one or more routes of an API, as a filter of the API makes it.
type group struct {
	Change
	place string // the path, with the names of the routes
	count int
}

// named is how many routes a group names.
const named = 8

// groups joins changes that differ in the route only, in the order of the first of each.
func groups(changes []Change) []group {
	type key struct {
		Change
		api, below string
	}
	routes := map[key][]string{}
	var order []key
	for _, c := range changes {
		k := key{Change: c}
		names := c.Path.Names()
		route := ""
		if len(names) > 4 && names[0] == "apis" && names[2] == "routes" {
			k.api, route, k.below = names[1], names[3], string(schema.NewPath(names[4:]...))
			k.Path = ""
		}
		if _, ok := routes[k]; !ok {
			order = append(order, k)
		}
		routes[k] = append(routes[k], route)
	}
	var out []group
	for _, k := range order {
		g := group{Change: k.Change, count: len(routes[k])}
		if k.Path == "" && k.api != "" {
			list := routes[k]
			more := ""
			if len(list) > named {
				list, more = list[:named], fmt.Sprintf(",+%d", len(list)-named)
			}
			name := strings.Join(list, ",") + more
			if g.count > 1 {
				name = "{" + name + "}"
			} else {
				name = string(schema.NewPath(name))
			}
			g.place = string(schema.NewPath("apis", k.api, "routes")) + "." + name + "." + k.below
		} else {
			g.place = string(k.Path)
		}
		g.place = diag.Plain(g.place)
		out = append(out, g)
	}
	return out
}
