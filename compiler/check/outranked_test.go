package check_test

import (
	"testing"

	"gwc.dev/schema"
)

func TestCheckOutranked(t *testing.T) {
	v2 := asking(values{"x-api-version": {Exact: new("v2")}}, nil)
	listed := func(headers values, methods ...string) *schema.Match {
		m := asking(headers, nil)
		m.Methods = methods
		return m
	}
	run(t, []test{
		{"a canary without methods beside a default with some", beside(map[string]*schema.Match{"main": listed(nil, "GET", "POST"), "v2": v2}), []string{
			`warning route-outranked apis.echo.routes.v2.match: route "v2" asks for more than route "main", and yet loses GET, POST requests to it: methods count before header and query matches, for instance GET api.example.com/x with x-api-version: v2`,
			`  help: list the methods here too: methods: ["GET", "POST"]`,
			`  apis.echo.routes.main.match: the match of route "main", which wins`,
		}},
		{"a canary that lists them too", beside(map[string]*schema.Match{"main": listed(nil, "GET"), "v2": listed(v2.Headers, "GET")}), nil},
		{"neither lists any", beside(map[string]*schema.Match{"main": prefix("/x"), "v2": v2}), nil},
		{"another value is asked for", beside(map[string]*schema.Match{
			"main": listed(values{"x-api-version": {Exact: new("v1")}}, "GET"),
			"v2":   asking(values{"x-api-version": {Exact: new("v2")}, "x-beta": {Present: new(true)}}, nil),
		}), nil},
	})
}
