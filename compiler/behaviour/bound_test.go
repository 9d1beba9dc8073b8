package behaviour_test

import (
	"fmt"
	"strings"
	"testing"

	"gwc.dev/compiler/behaviour"
	"gwc.dev/schema"
)

// Expressions that are made to explode end in a report that says what it does not know, not in a search without end.
func TestExplodingExpressions(t *testing.T) {
	many := func(status int, tail string) *schema.Gateway {
		g := &schema.Gateway{Listeners: map[string]schema.Listener{"http": {Port: 80}}, APIs: map[string]schema.API{}}
		api := schema.API{Routes: map[string]schema.Route{}}
		for i := range 60 {
			expr := fmt.Sprintf("/(.*a.{%d}|.*b.{%d})%s", 20+i%7, 30+i%11, tail)
			api.Routes[fmt.Sprintf("r%02d", i)] = schema.Route{
				Match:   &schema.Match{Path: &schema.PathMatch{Regex: expr + strings.Repeat("c?", i)}},
				Respond: &schema.Respond{Status: status},
			}
		}
		g.APIs["api"] = api
		return g
	}
	r, err := behaviour.Compare(many(200, ""), many(201, ".*"))
	if err != nil {
		t.Fatal(err)
	}
	undecided := 0
	for _, c := range r.Classes {
		if c.Undecided {
			undecided++
		}
	}
	if len(r.Classes) == 0 || undecided == 0 {
		t.Errorf("%d classes, %d of them undecided", len(r.Classes), undecided)
	}
}

// A model that the match table refuses is one error, which names the place.
func TestModelsThatAreNone(t *testing.T) {
	_, err := behaviour.Compare(changed(t), changed(t, `"prefix": "/items"}, "m`, `"regex": "("}, "m`))
	if err == nil || !strings.HasPrefix(err.Error(), "the new model: apis.shop.routes.items: ") {
		t.Errorf("%v", err)
	}
}
