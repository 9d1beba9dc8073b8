package routetest_test

import (
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"gwc.dev/compiler"
	"gwc.dev/compiler/behaviour"
	"gwc.dev/compiler/routetest"
	"gwc.dev/runtime/filter"
	"gwc.dev/runtime/route"
	"gwc.dev/schema"
)

// references are the project's own environments.
var references = []string{"dev", "staging", "production"}

func reference(t *testing.T, name string) *compiler.Environment {
	t.Helper()
	env, err := compiler.Load("../../environments/"+name, compiler.Options{})
	if err != nil || env.Model == nil {
		t.Fatal(err, env.Findings)
	}
	return env
}

// untold are fields of a route that no request and no test can tell of.
var untold = map[string]string{
	"Description":                       "is for people",
	"Filters.RateLimit.Windows[].Scope": "follows from where a limit is written",
	"Filters.Auth.JWT.JWKS.Inline":      "excludes the URL that is there",
	"Match.Headers[].Regex":             "excludes the exact value that is there",
	"Match.Headers[].Present":           "excludes the exact value that is there",
	"Match.Query[].Regex":               "is that of no match here, and one that is added has one condition",
	"Redirect.Path.Full":                "excludes the prefix that is there",
	"Respond.Status":                    "excludes the backends that are there",
	"Respond.Headers":                   "excludes the backends that are there",
	"Respond.Headers[]":                 "excludes the backends that are there",
	"Respond.Body":                      "excludes the backends that are there",
	"Match.Query[].Present":             "is that of no match here, and one that is added has one condition",
}

// TestTheReferenceTestsNoticeEverySingleChange edits the project's own environments, one value of a match or a filter of a
// route at a time, and holds that some route test of the environment fails. The edits follow from the model's types, so
// that a new field is edited too. Those that the proxy would refuse, and those without effect on any request, are none.
func TestTheReferenceTestsNoticeEverySingleChange(t *testing.T) {
	edited := map[string]bool{}
	for _, name := range references {
		env := reference(t, name)
		if failing := failing(t, env.Model, env.Tests); failing != "" {
			t.Fatalf("%s: %s fails before any edit", name, failing)
		}
		edits := 0
		for api, a := range schema.Sorted(env.Model.APIs) {
			tried := map[string]int{}
			for id, r := range schema.Sorted(a.Routes) {
				for _, e := range variants(reflect.ValueOf(r)) {
					place := id + " " + e.field
					if untold[e.field] != "" || e.other && tried[place] == enough {
						continue
					}
					model, ok := with(env.Model, api, id, e.value.Interface().(schema.Route))
					if !ok {
						continue
					}
					if e.other {
						tried[place]++
					}
					edits++
					edited[e.field] = true
					if failing(t, model, env.Tests) == "" && differs(t, env.Model, model) {
						t.Errorf("%s: no test notices that %s/%s has another %s: %s", name, api, id, e.field, e.what)
					}
				}
			}
		}
		t.Logf("%s: %d edits", name, edits)
	}
	for _, field := range fields(reflect.TypeFor[schema.Route](), "") {
		if edited[field] == (untold[field] != "") {
			t.Errorf("field %s: edited %v, which %q", field, edited[field], untold[field])
		}
	}
}

// TestTheReferenceTestsCoverTheirEnvironments holds what "gwc test --fail-under" asks of others.
func TestTheReferenceTestsCoverTheirEnvironments(t *testing.T) {
	for _, name := range references {
		env := reference(t, name)
		suite, findings := routetest.New(env.Model, env.Tests, env.Positions, time.Now())
		if len(findings) > 0 {
			t.Fatal(findings)
		}
		suite.Run()
		if c := suite.Coverage(); c.Percent() < 95 {
			t.Errorf("%s: %.1f %% are covered, missing are %v", name, c.Percent(), c.Missing())
		}
	}
}

// failing runs the tests on a model and returns the name of one that fails; "": none does.
func failing(t *testing.T, g *schema.Gateway, tests map[string]schema.Test) string {
	t.Helper()
	suite, findings := routetest.New(g, tests, &compiler.Positions{}, time.Now())
	if len(findings) > 0 {
		return findings[0].Message // a test names what is no longer there
	}
	for _, r := range suite.Run() {
		if len(r.Differences) > 0 {
			return r.Name
		}
	}
	return ""
}

// differs reports whether requests are treated differently.
func differs(t *testing.T, old, new *schema.Gateway) bool {
	t.Helper()
	report, err := behaviour.Compare(old, new)
	if err != nil {
		t.Fatal(err)
	}
	return len(report.Classes) > 0
}

// with returns the model with another route; false where the proxy would refuse it.
func with(g *schema.Gateway, api, id string, r schema.Route) (*schema.Gateway, bool) {
	out := *g
	out.APIs = maps.Clone(g.APIs)
	a := out.APIs[api]
	a.Routes = maps.Clone(a.Routes)
	a.Routes[id] = r
	out.APIs[api] = a
	resolved := out.Resolve()
	_, problems := route.Build(resolved, filter.Deps{})
	return resolved, len(problems) == 0
}

// A variant is a value with one thing in it changed.
type variant struct {
	field string // what is changed, by the names of fields; "[]" is an element
	what  string
	value reflect.Value
	other bool // it is one of many values that would do as well
}

// enough is how many other values of one field are tried: the proxy refuses most of them.
const enough = 2

// variants returns what one edit makes of a value.
func variants(v reflect.Value) []variant {
	var out []variant
	add := func(field, what string, value reflect.Value) { out = append(out, variant{field, what, value, false}) }
	other := func(what string, value reflect.Value) { out = append(out, variant{"", what, value, true}) }
	inside := func(field string, v reflect.Value, put func(reflect.Value) reflect.Value) {
		for _, each := range variants(v) {
			out = append(out, variant{strings.TrimPrefix(field+each.field, "."), each.what, put(each.value), each.other})
		}
	}
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			inside("."+v.Type().Field(i).Name+separator(v.Field(i)), v.Field(i), func(n reflect.Value) reflect.Value {
				changed := reflect.New(v.Type()).Elem()
				changed.Set(v)
				changed.Field(i).Set(n)
				return changed
			})
		}
	case reflect.Pointer:
		point := func(n reflect.Value) reflect.Value {
			p := reflect.New(n.Type())
			p.Elem().Set(n)
			return p
		}
		if !v.IsNil() {
			add("", "dropped", reflect.Zero(v.Type()))
			inside("", v.Elem(), point)
			break
		}
		for _, least := range leasts(v.Type().Elem()) {
			add("", "added", point(least))
			inside("", least, point)
		}
	case reflect.Map:
		for _, key := range v.MapKeys() {
			rest := reflect.MakeMap(v.Type())
			for _, k := range v.MapKeys() {
				if !k.Equal(key) {
					rest.SetMapIndex(k, v.MapIndex(k))
				}
			}
			add("", "without "+key.String(), rest)
			inside("[]"+separator(v.MapIndex(key)), v.MapIndex(key), func(n reflect.Value) reflect.Value { return put(v, key, n) })
		}
		for _, least := range leasts(v.Type().Elem()) {
			key := reflect.ValueOf("x-added")
			if v.Type().Elem() == reflect.TypeFor[schema.Backend]() {
				key = reflect.ValueOf("users")
			}
			if v.MapIndex(key).IsValid() {
				continue
			}
			add("", "with another one", put(v, key, least))
			inside("[]"+separator(least), least, func(n reflect.Value) reflect.Value { return put(v, key, n) })
		}
	case reflect.Slice:
		if v.Type() == reflect.TypeFor[schema.JSON]() {
			add("", "another value", reflect.ValueOf(schema.JSON(`"another"`)))
			break
		}
		for i := range v.Len() {
			rest := reflect.AppendSlice(reflect.MakeSlice(v.Type(), 0, v.Len()), v.Slice(0, i))
			add("", "without "+v.Index(i).String(), reflect.AppendSlice(rest, v.Slice(i+1, v.Len())))
			inside("", v.Index(i), func(n reflect.Value) reflect.Value {
				changed := reflect.AppendSlice(reflect.MakeSlice(v.Type(), 0, v.Len()), v)
				changed.Index(i).Set(n)
				return changed
			})
		}
		for _, word := range words {
			longer := reflect.AppendSlice(reflect.MakeSlice(v.Type(), 0, v.Len()+1), v)
			other("with "+word, reflect.Append(longer, reflect.ValueOf(word)))
		}
	case reflect.Bool:
		add("", "otherwise", reflect.ValueOf(!v.Bool()))
	case reflect.String:
		for _, text := range append([]string{v.String() + "x", ""}, words...) {
			if text != v.String() {
				other("as "+text, reflect.ValueOf(text))
			}
		}
	case reflect.Int, reflect.Int64:
		for _, n := range []int64{0, 1, 308, v.Int() + 1, int64(time.Minute)} {
			if n != v.Int() {
				other("another number", reflect.ValueOf(n).Convert(v.Type()))
			}
		}
	default:
		panic("the model has a " + v.Type().String())
	}
	return out
}

// separator is what stands between the name of a field, or an element, and what is in it.
func separator(v reflect.Value) string {
	t := v.Type()
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t.Kind() == reflect.Struct {
		return "."
	}
	return ""
}

func put(m, key, value reflect.Value) reflect.Value {
	out := reflect.MakeMap(m.Type())
	for _, k := range m.MapKeys() {
		out.SetMapIndex(k, m.MapIndex(k))
	}
	out.SetMapIndex(key, value)
	return out
}

// words are of the kinds that texts in a route are of.
var words = []string{"/added", "x-added", "PATCH", "503", "https://added.example.com", "added.example.com", "ES384", "https", "hour", "header", "free", "example-user"}

// leasts returns values of a type that the proxy takes, or the zero one.
func leasts(t reflect.Type) []reflect.Value {
	exact, inline := "1", schema.JSON(`{"keys":[{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}`)
	var out []reflect.Value
	for _, v := range []any{
		schema.RateLimitWindow{Requests: 1, Per: "hour", By: "ip", Burst: 1, Scope: "route"},
		schema.RateLimitWindow{Requests: 1, Per: "hour", By: "header", Header: "x-tenant", Burst: 1, Scope: "route"},
		schema.RateLimit{Windows: map[string]schema.RateLimitWindow{"added": {Requests: 1, Per: "hour", By: "ip", Burst: 1, Scope: "route"}}},
		schema.Auth{APIKey: &schema.APIKeyAuth{Header: "apikey"}},
		schema.APIKeyAuth{Header: "apikey"},
		schema.JWTAuth{Issuer: "https://a.test", JWKS: schema.JWKS{Inline: inline}, Algorithms: []string{"EdDSA"}, Header: "authorization", ConsumerClaim: "sub"},
		schema.Allow{Consumers: []string{"example-user"}},
		schema.Allow{Groups: []string{"free"}},
		schema.CORS{Origins: []string{"https://added.example.com"}, Methods: []string{"GET"}},
		schema.Retry{Attempts: 1, On: []string{"503"}, Methods: []string{"GET"}},
		schema.ValueMatch{Exact: &exact},
		schema.Backend{Weight: 1},
		schema.Rewrite{Prefix: "/added"},
		schema.Rewrite{Full: "/added"},
		schema.RedirectPath{Full: "/added"},
		schema.Redirect{Host: "added.example.com", Status: 308},
		schema.Respond{Status: 200},
		schema.Match{Path: &schema.PathMatch{Prefix: "/"}},
	} {
		if reflect.TypeOf(v) == t {
			out = append(out, reflect.ValueOf(v))
		}
	}
	if len(out) > 0 {
		return out
	}
	return []reflect.Value{reflect.Zero(t)}
}

// fields returns the names of all that variants change of a type.
func fields(t reflect.Type, at string) []string {
	switch {
	case t.Kind() == reflect.Pointer:
		return fields(t.Elem(), at)
	case t.Kind() == reflect.Map && t.Elem().Kind() == reflect.Struct:
		return append([]string{at}, fields(t.Elem(), at+"[]")...)
	case t.Kind() == reflect.Map:
		return []string{at, at + "[]"}
	case t.Kind() != reflect.Struct:
		return []string{at}
	}
	var out []string
	for i := range t.NumField() {
		f := t.Field(i)
		name := f.Name
		if at != "" {
			name = at + "." + name
		}
		out = append(out, fields(f.Type, name)...)
	}
	return slices.Compact(out)
}
