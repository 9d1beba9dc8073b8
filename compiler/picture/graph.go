// Package picture draws an environment for people who would rather look: its listeners, hosts, APIs, routes with what
// they match and their filters in order, and upstreams, and what a change does to them.
//
//	g, err := picture.Of(model, picture.Options{API: "echo"})
//	err = g.WriteMermaid(w)
//
//	changed, err := picture.Between(old, new, picture.Options{})
//	err = changed.WriteSVG(w)
//
// A page shows the same for several environments, beside what their requests meet; it needs nothing but itself.
package picture

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"gwc.dev/compiler/nearest"
	"gwc.dev/schema"
)

// A Kind is what a node stands for; the kinds are the columns of a picture, from the client to the backend.
type Kind int

// The kinds.
const (
	Listener Kind = iota
	Host
	API
	Route
	Upstream
	kinds
)

// String returns the kind's name.
func (k Kind) String() string { return [...]string{"listener", "host", "API", "route", "upstream"}[k] }

// A Mark says what a change does to a part of a picture.
type Mark int

// The marks.
const (
	Same Mark = iota
	Added
	Removed
	Changed
)

// String returns the mark's name.
func (m Mark) String() string { return [...]string{"same", "added", "removed", "changed"}[m] }

// A Graph is a picture's content.
type Graph struct {
	Nodes []*Node // by kind
	Edges []*Edge
}

// A Node is a part of an environment.
type Node struct {
	Kind  Kind
	Name  string // unique among those of the kind
	Title string
	Lines []Line // what it does, in order
	Mark  Mark

	all string // everything that is written of it, also what has no line
}

// A Line is a property of a node.
type Line struct {
	Text string
	Mark Mark // Changed: of what is no property of its own
}

// An Edge leads requests from one node to another.
type Edge struct {
	From, To *Node
	Label    string
	Mark     Mark
}

// Options say what is drawn.
type Options struct {
	// API is the only API to draw, with what leads to it and from it. "": all.
	API string
	// WithoutRoutes leaves routes out: an API leads to upstreams itself.
	WithoutRoutes bool
}

// Of returns the picture of a resolved model.
func Of(g *schema.Gateway, o Options) (*Graph, error) {
	if _, ok := g.APIs[o.API]; o.API != "" && !ok {
		return nil, unknown(o.API, g)
	}
	return draw(g, o), nil
}

// Between returns the picture of both models with what differs marked. Either may be without the API.
func Between(old, new *schema.Gateway, o Options) (*Graph, error) {
	_, before := old.APIs[o.API]
	_, after := new.APIs[o.API]
	if o.API != "" && !before && !after {
		return nil, unknown(o.API, new)
	}
	return merge(draw(old, o), draw(new, o)), nil
}

// unknown says that there is no such API, and which one may be meant.
func unknown(api string, g *schema.Gateway) error {
	var known []string
	for name := range schema.Sorted(g.APIs) {
		known = append(known, name)
	}
	if guess := nearest.To(api, known); guess != "" {
		return fmt.Errorf("environment %q has no API %q: did you mean %q?", g.Environment, api, guess)
	}
	return fmt.Errorf("environment %q has no API %q: it has %s", g.Environment, api, few(known))
}

// few lists the first of some names.
func few(names []string) string {
	const most = 10
	switch {
	case len(names) == 0:
		return "none"
	case len(names) > most:
		return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), len(names)-most)
	}
	return strings.Join(names, ", ")
}

// A pen draws a model.
type pen struct {
	options Options
	model   *schema.Gateway
	graph   *Graph
	nodes   map[id]*Node
	edges   map[[2]*Node]*Edge
}

// An id is a node's, the same in both models of a change.
type id struct {
	kind Kind
	name string
}

func draw(g *schema.Gateway, o Options) *Graph {
	p := &pen{options: o, model: g, graph: &Graph{}, nodes: map[id]*Node{}, edges: map[[2]*Node]*Edge{}}
	if o.API == "" {
		for name := range schema.Sorted(g.Listeners) {
			p.listener(name)
		}
		for name := range schema.Sorted(g.Upstreams) {
			p.upstream(name)
		}
	}
	for name, api := range schema.Sorted(g.APIs) {
		if o.API == "" || o.API == name {
			p.api(name, &api)
		}
	}
	p.graph.sort()
	return p.graph
}

// node returns the node of a name; make says what it is the first time.
func (p *pen) node(kind Kind, name string, make func(*Node)) *Node {
	n, ok := p.nodes[id{kind, name}]
	if !ok {
		n = &Node{Kind: kind, Name: name, Title: name}
		p.nodes[id{kind, name}] = n
		p.graph.Nodes = append(p.graph.Nodes, n)
		make(n)
	}
	return n
}

// lead draws an edge, once.
func (p *pen) lead(from, to *Node, label string) {
	if known, ok := p.edges[[2]*Node{from, to}]; ok {
		if known.Label != label {
			known.Label = "" // several routes, with other shares
		}
		return
	}
	e := &Edge{From: from, To: to, Label: label}
	p.edges[[2]*Node{from, to}] = e
	p.graph.Edges = append(p.graph.Edges, e)
}

func (p *pen) listener(name string) *Node {
	return p.node(Listener, name, func(n *Node) {
		l := p.model.Listeners[name]
		n.is(l)
		n.add(aboutListener(&l)...)
	})
}

func (p *pen) upstream(name string) *Node {
	return p.node(Upstream, name, func(n *Node) {
		u := p.model.Upstreams[name]
		n.is(u)
		n.add(aboutUpstream(&u)...)
	})
}

// anyHost is the name of the host of APIs that answer for all.
const anyHost = "*"

func (p *pen) api(name string, a *schema.API) {
	api := p.node(API, name, func(n *Node) {
		own := *a
		own.Routes, own.Hosts, own.Listeners = nil, nil, nil // which are drawn
		n.is(own)
		n.add(aboutAPI(a)...)
	})
	hosts := a.Hosts
	if len(hosts) == 0 {
		hosts = []string{anyHost}
	}
	for _, h := range hosts {
		host := p.node(Host, strings.ToLower(h), func(n *Node) {
			if h == anyHost {
				n.Title = "any host"
			}
		})
		for listener, l := range schema.Sorted(p.model.Listeners) {
			if l.Redirect == nil && (len(a.Listeners) == 0 || slices.Contains(a.Listeners, listener)) {
				p.lead(p.listener(listener), host, "")
			}
		}
		p.lead(host, api, "")
	}
	for routeName, r := range schema.Sorted(a.Routes) {
		from := api
		if !p.options.WithoutRoutes {
			from = p.node(Route, name+"/"+routeName, func(n *Node) {
				n.is(r)
				n.add(aboutRoute(&r)...)
			})
			p.lead(api, from, "")
		}
		total := 0
		for _, b := range r.Backends {
			total += b.Weight
		}
		for upstream, b := range schema.Sorted(r.Backends) {
			share := ""
			if len(r.Backends) > 1 && total > 0 && !p.options.WithoutRoutes {
				share = fmt.Sprintf("%.4g %%", 100*float64(b.Weight)/float64(total))
			}
			p.lead(from, p.upstream(upstream), share)
		}
	}
}

// add adds lines that are not empty.
func (n *Node) add(texts ...string) {
	for _, text := range texts {
		if text != "" {
			n.Lines = append(n.Lines, Line{Text: text})
		}
	}
}

// is notes what a node stands for.
func (n *Node) is(part any) {
	text, err := json.Marshal(part)
	if err != nil {
		panic(err) // the model is plain data
	}
	n.all = string(text)
}

// sort orders the nodes by kind and name.
func (g *Graph) sort() {
	slices.SortFunc(g.Nodes, func(a, b *Node) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Name, b.Name))
	})
}
