package picture_test

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gwc.dev/compiler/behaviour"
	"gwc.dev/compiler/diff"
	"gwc.dev/compiler/picture"
	"gwc.dev/schema"
)

// update says that goldens are to be rewritten.
var update = os.Getenv("GWC_UPDATE") != ""

func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got); GWC_UPDATE=1 rewrites it:\n%s", file, diff)
	}
}

// shop is a gateway with something of everything.
func shop() *schema.Gateway {
	yes, no := true, false
	return (&schema.Gateway{
		Environment: "production",
		Listeners: map[string]schema.Listener{
			"http":  {Port: 8080, Redirect: &schema.ListenerRedirect{Listener: "https"}},
			"https": {Port: 8443, TLS: &schema.ListenerTLS{MinVersion: "1.3", ClientCertificates: &schema.ClientCertificates{CA: "ca", Optional: true}}},
		},
		Upstreams: map[string]schema.Upstream{
			"a": {Endpoints: map[string]schema.Endpoint{"one": {Host: "a1.svc", Port: 80, Weight: 1}, "two": {Host: "a2.svc", Port: 80, Weight: 3}}},
			"b": {Endpoints: map[string]schema.Endpoint{"one": {Host: "b.svc", Port: 443, Weight: 1}}, TLS: &schema.UpstreamTLS{ServerName: "b.example.com"}},
		},
		APIs: map[string]schema.API{
			"orders": {
				Owner: "team-a", Version: "v1", Hosts: []string{"api.example.com", "*.example.org"}, SLO: &schema.SLO{Availability: 99.9},
				Routes: map[string]schema.Route{
					"read": {
						Match: &schema.Match{
							Path: &schema.PathMatch{Prefix: "/orders"}, Methods: []string{"GET"},
							Headers: map[string]schema.ValueMatch{"x-a": {Present: &yes}, "x-b": {Present: &no}, "x-c": {Regex: "a+"}},
						},
						Backends: map[string]schema.Backend{"a": {Weight: 9}, "b": {Weight: 1}},
						Rewrite:  &schema.Rewrite{Prefix: "/"},
						Filters: schema.Filters{
							Auth:      &schema.Auth{APIKey: &schema.APIKeyAuth{Header: "apikey"}, Allow: &schema.Allow{Groups: []string{"partners"}}},
							RateLimit: &schema.RateLimit{Windows: map[string]schema.RateLimitWindow{"w": {Requests: 5, Per: "second", By: "ip"}}},
							CORS:      &schema.CORS{Origins: []string{"https://app.example.com"}},
							Headers:   &schema.Headers{Response: &schema.HeaderChange{Remove: []string{"server"}, Set: map[string]string{"x-by": "gwc"}}},
							Timeout:   schema.Duration(5e9), MaxBodyBytes: 1000,
						},
					},
					"moved": {Match: &schema.Match{Path: &schema.PathMatch{Exact: "/o"}}, Redirect: &schema.Redirect{Path: &schema.RedirectPath{Full: "/orders"}, Status: 308}},
				},
			},
			"status": {Routes: map[string]schema.Route{"all": {Respond: &schema.Respond{Status: 200, Body: "fine"}}}},
		},
	}).Resolve()
}

// sold is the shop after a change.
func sold() *schema.Gateway {
	g := shop()
	orders := g.APIs["orders"]
	read := orders.Routes["read"]
	read.Timeout = schema.Duration(3e9)
	read.Backends = map[string]schema.Backend{"a": {Weight: 1}, "b": {Weight: 1}}
	orders.Routes["read"] = read
	delete(orders.Routes, "moved")
	orders.Routes["count"] = schema.Route{Match: &schema.Match{Path: &schema.PathMatch{Regex: "/orders/[0-9]+"}}, Backends: map[string]schema.Backend{"b": {Weight: 1}}}
	status := g.APIs["status"].Routes["all"]
	status.Respond = &schema.Respond{Status: 200, Body: "very fine"}
	g.APIs["status"].Routes["all"] = status
	return g.Resolve()
}

func TestDrawings(t *testing.T) {
	whole, err := picture.Of(shop(), picture.Options{})
	if err != nil {
		t.Fatal(err)
	}
	changed, err := picture.Between(shop(), sold(), picture.Options{})
	if err != nil {
		t.Fatal(err)
	}
	api, err := picture.Of(shop(), picture.Options{API: "status"})
	if err != nil {
		t.Fatal(err)
	}
	for name, g := range map[string]*picture.Graph{"whole": whole, "changed": changed, "api": api} {
		var mermaid, svg strings.Builder
		if err := errors.Join(g.WriteMermaid(&mermaid), g.WriteSVG(&svg)); err != nil {
			t.Fatal(err)
		}
		golden(t, name+".mermaid", mermaid.String())
		golden(t, name+".svg", svg.String())
	}
}

func comparison(t *testing.T, old, new *schema.Gateway) behaviour.Comparison {
	t.Helper()
	report, err := behaviour.Compare(old, new)
	if err != nil {
		t.Fatal(err)
	}
	return behaviour.Comparison{Environment: "environments/production", Old: old, New: new, Behaviour: report, Places: diff.Compare(old, new)}
}

func TestPages(t *testing.T) {
	var whole, changed strings.Builder
	if err := picture.WritePage(&whole, "environments/production", shop(), picture.Options{}); err != nil {
		t.Fatal(err)
	}
	same := comparison(t, shop(), shop())
	same.Environment = "environments/staging"
	if err := picture.WriteChange(&changed, []behaviour.Comparison{comparison(t, shop(), sold()), same}, picture.Options{}); err != nil {
		t.Fatal(err)
	}
	golden(t, "whole.html", whole.String())
	golden(t, "changed.html", changed.String())
}

func TestWhatIsEqualHasNoMarks(t *testing.T) {
	g, err := picture.Between(shop(), shop(), picture.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range g.Nodes {
		if n.Mark != picture.Same {
			t.Errorf("%s %s is %s", n.Kind, n.Name, n.Mark)
		}
	}
	for _, e := range g.Edges {
		if e.Mark != picture.Same {
			t.Errorf("%s to %s is %s", e.From.Name, e.To.Name, e.Mark)
		}
	}
}

func TestUnknownAPIs(t *testing.T) {
	for api, want := range map[string]string{
		"order": `environment "production" has no API "order": did you mean "orders"?`,
		"x":     `environment "production" has no API "x": it has orders, status`,
	} {
		_, err := picture.Of(shop(), picture.Options{API: api})
		_, between := picture.Between(shop(), sold(), picture.Options{API: api})
		for _, err := range []error{err, between} {
			if err == nil || err.Error() != want {
				t.Errorf("error %v, want %s", err, want)
			}
		}
	}
}

// many is an environment with so many APIs of so many routes.
func many(apis, routes int) *schema.Gateway {
	g := &schema.Gateway{
		Environment: "production", Listeners: map[string]schema.Listener{"http": {Port: 80}},
		Upstreams: map[string]schema.Upstream{"a": {Endpoints: map[string]schema.Endpoint{"one": {Host: "a", Port: 80, Weight: 1}}}},
		APIs:      map[string]schema.API{},
	}
	for i := range apis {
		api := schema.API{Hosts: []string{fmt.Sprintf("h%d.example.com", i)}, Routes: map[string]schema.Route{}}
		for j := range routes {
			api.Routes[fmt.Sprintf("r%d", j)] = schema.Route{
				Match:    &schema.Match{Path: &schema.PathMatch{Prefix: fmt.Sprintf("/%d", j)}},
				Backends: map[string]schema.Backend{"a": {Weight: 1}},
			}
		}
		g.APIs[fmt.Sprintf("api%d", i)] = api
	}
	return g.Resolve()
}

// TestALargeEnvironmentIsAPictureForEachAPI holds that a page of a change opens only what has changed.
func TestALargeEnvironmentIsAPictureForEachAPI(t *testing.T) {
	old, new := many(50, 100), many(50, 100)
	api := new.APIs["api7"]
	route := api.Routes["r3"]
	route.Timeout = schema.Duration(1e9)
	api.Routes["r3"] = route
	var page strings.Builder
	if err := picture.WriteChange(&page, []behaviour.Comparison{comparison(t, old, new)}, picture.Options{}); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(page.String(), "<svg"); n != 51 {
		t.Errorf("%d pictures, want one of everything and one for each API", n)
	}
	if n := strings.Count(page.String(), "<details open>"); n != 2 {
		t.Errorf("%d pictures are open, want that of everything and that of the API that has changed", n)
	}
}

// TestNothingOverlaps reads the boxes out of drawings.
func TestNothingOverlaps(t *testing.T) {
	for _, g := range []*schema.Gateway{shop(), sold(), many(20, 3), many(1, 50)} {
		drawn, err := picture.Of(g, picture.Options{})
		if err != nil {
			t.Fatal(err)
		}
		var svg strings.Builder
		if err := drawn.WriteSVG(&svg); err != nil {
			t.Fatal(err)
		}
		boxes, paper := boxes(t, svg.String())
		if len(boxes) != len(drawn.Nodes) {
			t.Fatalf("%d boxes, %d nodes", len(boxes), len(drawn.Nodes))
		}
		for i, a := range boxes {
			if a[0] < 0 || a[1] < 0 || a[0]+a[2] > paper[2] || a[1]+a[3] > paper[3] {
				t.Errorf("box %v is not on the paper %v", a, paper)
			}
			for _, b := range boxes[:i] {
				if a[0] < b[0]+b[2] && b[0] < a[0]+a[2] && a[1] < b[1]+b[3] && b[1] < a[1]+a[3] {
					t.Errorf("boxes %v and %v overlap", a, b)
				}
			}
		}
	}
}

// boxes returns x, y, width and height of the rectangles, and of the first one, which is the paper.
func boxes(t *testing.T, svg string) (all [][4]int, paper [4]int) {
	t.Helper()
	for decoder := xml.NewDecoder(strings.NewReader(svg)); ; {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			return all[1:], all[0]
		}
		if err != nil {
			t.Fatal(err)
		}
		if e, ok := token.(xml.StartElement); ok && e.Name.Local == "rect" {
			var box [4]int
			for _, a := range e.Attr {
				for i, name := range []string{"x", "y", "width", "height"} {
					if a.Name.Local == name {
						if box[i], err = strconv.Atoi(a.Value); err != nil {
							t.Fatal(err)
						}
					}
				}
			}
			all = append(all, box)
		}
	}
}

// hostile returns the shop with a text in every place that people name.
func hostile(text string) *schema.Gateway {
	g := shop()
	route := g.APIs["orders"].Routes["read"]
	route.Match.Path = &schema.PathMatch{Regex: text}
	route.Match.Headers[text] = schema.ValueMatch{Exact: &text}
	route.Headers.Request = &schema.HeaderChange{Set: map[string]string{text: text}}
	g.APIs[text] = schema.API{Owner: text, Version: text, Hosts: []string{text}, Routes: map[string]schema.Route{text: route}}
	g.Upstreams[text] = schema.Upstream{Endpoints: map[string]schema.Endpoint{text: {Host: text, Port: 1, Weight: 1}}}
	g.Listeners[text] = schema.Listener{Port: 1, Hosts: []string{text}}
	return g
}

// FuzzNoTextBreaksOut holds that no name changes what a drawing or a page is made of: the elements and attributes of all of
// them are those that harmless names give.
func FuzzNoTextBreaksOut(f *testing.F) {
	for _, text := range []string{
		"plain", `</script><script>alert(1)</script>`, `"]:::x;n0 --> n1`, `'" onload="x`, "a\nb\r\nc", "]]>", "<!--", "&lt;", "\u202eabc",
		"\x00\xff", "</title></svg>", "#quot;", "|x|", "`", "%%{init}%%", "</style>", "{{.}}", strings.Repeat("x", 5000),
	} {
		f.Add(text)
	}
	plain := shape(f, hostile("plain"))
	f.Fuzz(func(t *testing.T, text string) {
		if text == "" || len(shop().APIs[text].Routes) > 0 || len(shop().Upstreams[text].Endpoints) > 0 || shop().Listeners[text].Port > 0 || text == "read" || text == "x-a" || text == "x-b" || text == "x-c" {
			return // it is a name that is there already
		}
		if diff := cmp.Diff(plain, shape(t, hostile(text))); diff != "" {
			t.Errorf("(-plain +got):\n%s", diff)
		}
	})
}

// shape returns what a drawing is made of, without its text and numbers.
func shape(t testing.TB, g *schema.Gateway) map[string]int {
	t.Helper()
	drawn, err := picture.Of(g, picture.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var mermaid, svg strings.Builder
	if err := errors.Join(drawn.WriteMermaid(&mermaid), drawn.WriteSVG(&svg)); err != nil {
		t.Fatal(err)
	}
	shape := map[string]int{"lines of Mermaid": strings.Count(mermaid.String(), "\n"), "quotes": strings.Count(mermaid.String(), `"`)}
	for decoder := xml.NewDecoder(strings.NewReader(svg.String())); ; {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			return shape
		}
		if err != nil {
			t.Fatalf("%v:\n%s", err, svg.String())
		}
		switch e := token.(type) {
		case xml.StartElement:
			shape[e.Name.Local]++
			for _, a := range e.Attr {
				shape[e.Name.Local+" "+a.Name.Local]++
			}
		case xml.Comment, xml.Directive, xml.ProcInst:
			shape[fmt.Sprintf("%T", e)]++
		}
	}
}
