package picture

import (
	"bytes"
	"crypto/sha256"
	_ "embed" // the page
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"slices"

	"gwc.dev/compiler/behaviour"
	"gwc.dev/compiler/diff"
	"gwc.dev/schema"
)

// wholeRoutes is up to how many routes an environment is drawn as one picture. Beyond, one without routes comes first.
const wholeRoutes = 60

// A page is what the template shows.
type page struct {
	Title        string
	Policy       string       // the Content-Security-Policy: nothing but the page's own style
	Style        template.CSS // of the page and its drawings
	Environments []environment
}

// An environment is a section of a page.
type environment struct {
	Name     string
	Summary  string
	Severity string // the worst class
	Classes  []class
	Places   []place
	Pictures []drawing
}

// A drawing is a picture in a page.
type drawing struct {
	Title   string
	Open    bool
	Summary string
	SVG     template.HTML
}

// A class is requests that are treated differently.
type class struct {
	ID, Severity, Title, Request, Curl, Route, Approved string
	Alike                                               []string // routes
	Changes                                             []place
}

// A place is something that is written differently.
type place struct {
	Mark, Path, Old, New, Severity, Reason string
}

//go:embed page.html
var pageHTML string

//go:embed page.css
var pageCSS string

var pageTemplate = template.Must(template.New("page").Parse(pageHTML))

// WritePage writes a page about an environment.
func WritePage(w io.Writer, name string, g *schema.Gateway, o Options) error {
	env := environment{Name: name}
	err := env.draw(g, o, func(o Options) (*Graph, error) { return Of(g, o) })
	if err != nil {
		return err
	}
	return write(w, "gwc: "+name, env)
}

// WriteChange writes a page about what changes in environments: what requests meet, what is written, and the pictures.
func WriteChange(w io.Writer, all []behaviour.Comparison, o Options) error {
	var envs []environment
	for _, c := range all {
		env := environment{Name: c.Environment, Summary: c.Behaviour.Summary(), Severity: "none"}
		for _, each := range c.Behaviour.Classes {
			env.Classes = append(env.Classes, aboutClass(each))
		}
		if len(env.Classes) > 0 {
			env.Severity = env.Classes[0].Severity
		}
		for _, each := range c.Places.Changes {
			env.Places = append(env.Places, aboutPlace(each))
		}
		if len(env.Places) > 0 {
			err := env.draw(union(c.Old, c.New), o, func(o Options) (*Graph, error) { return Between(c.Old, c.New, o) })
			if err != nil {
				return err
			}
		}
		envs = append(envs, env)
	}
	return write(w, "gwc: what changes", envs...)
}

// union has the names of the APIs and routes of both models, which is what says how pictures are divided.
func union(old, new *schema.Gateway) *schema.Gateway {
	both := &schema.Gateway{APIs: map[string]schema.API{}}
	for _, g := range []*schema.Gateway{old, new} {
		for name, a := range g.APIs {
			if len(a.Routes) >= len(both.APIs[name].Routes) {
				both.APIs[name] = a
			}
		}
	}
	return both
}

// draw adds the pictures: one of everything, or of a large environment one without routes and one for each API.
func (e *environment) draw(g *schema.Gateway, o Options, graph func(Options) (*Graph, error)) error {
	add := func(title string, o Options, open func(*Graph) bool) error {
		drawn, err := graph(o)
		if err != nil {
			return err
		}
		var b bytes.Buffer
		if err := drawn.svg(&b, false); err != nil {
			return err
		}
		e.Pictures = append(e.Pictures, drawing{title, open(drawn), drawn.summary(), template.HTML(b.String())}) //nolint:gosec // it escapes what it is given
		return nil
	}
	always := func(*Graph) bool { return true }
	if o.API != "" {
		return add("API "+o.API, o, always)
	}
	routes := 0
	for _, a := range g.APIs {
		routes += len(a.Routes)
	}
	if routes <= wholeRoutes {
		return add("Everything", o, always)
	}
	if err := add("Everything, without routes", Options{WithoutRoutes: true}, always); err != nil {
		return err
	}
	for name := range schema.Sorted(g.APIs) {
		if err := add("API "+name, Options{API: name}, marked); err != nil {
			return err
		}
	}
	return nil
}

// marked reports whether something differs.
func marked(g *Graph) bool {
	return slices.ContainsFunc(g.Nodes, func(n *Node) bool { return n.Mark != Same }) ||
		slices.ContainsFunc(g.Edges, func(e *Edge) bool { return e.Mark != Same })
}

func aboutClass(c *behaviour.Class) class {
	out := class{
		ID: c.ID(), Severity: c.Severity.String(), Title: clean(c.Title()), Request: clean(c.Example()),
		Approved: clean(c.Approved),
	}
	if c.Old != nil || c.New != nil {
		out.Route = clean(c.Routes())
	}
	if c.Request != nil {
		out.Curl = clean(c.Request.Curl(c.Scheme))
	}
	for _, other := range c.Alike {
		out.Alike = append(out.Alike, clean(other.Routes()))
	}
	for _, change := range c.Changes {
		out.Changes = append(out.Changes, aboutPlace(change))
	}
	return out
}

func aboutPlace(c diff.Change) place {
	return place{
		Mark: c.Kind.String(), Path: clean(string(c.Path)), Old: clean(c.Old), New: clean(c.New),
		Severity: c.Class.String(), Reason: clean(c.Reason),
	}
}

func write(w io.Writer, title string, envs ...environment) error {
	css := pageCSS + style
	sum := sha256.Sum256([]byte(css))
	return pageTemplate.Execute(w, page{
		Title:        clean(title),
		Policy:       fmt.Sprintf("default-src 'none'; style-src 'sha256-%s'; base-uri 'none'; form-action 'none'", base64.StdEncoding.EncodeToString(sum[:])),
		Style:        template.CSS(css), //nolint:gosec // our own
		Environments: envs,
	})
}
