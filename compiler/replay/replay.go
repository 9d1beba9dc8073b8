// Package replay sends the examples of a behavioural difference to two running proxies, one of each state, and holds their
// answers to what the report claims.
//
//	r := replay.New(replay.Options{Old: "127.0.0.1:8081", New: "127.0.0.1:8082"})
//	sum, err := r.Run(ctx, os.Stderr, comparison)
//	fmt.Println(sum)
//
// What is claimed of an answer is the route that takes the request, and what that route's filters make of it: the model is
// asked through the runtime's own table and filters (see [routetest.Gateway]), as somebody without credentials. Of an answer
// of the gateway's own that is everything, of a backend's the header fields that the gateway has a say in. What two answers
// as claimed have in common shows nothing of a change: it is counted, and never taken for confirmed.
package replay

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"gwc.dev/compiler/behaviour"
	"gwc.dev/compiler/routetest"
	"gwc.dev/runtime/exchange"
	"gwc.dev/schema"
)

// Options say where the proxies are.
type Options struct {
	// Old and New are hosts, or hosts and ports.
	Old, New string
	// Certificate is shown to listeners that ask for one; nil: what is at listeners that let nobody in without is not sent.
	Certificate *tls.Certificate
	// Known are the credentials of callers, who also send what is refused to others.
	Known routetest.Credentials
}

// A Replay is two proxies that are asked.
type Replay struct {
	old, new side
	known    routetest.Credentials
	w        io.Writer // for what is not as claimed
	sum      Sum
}

// A side is a proxy, and the model that it is to serve.
type side struct {
	proxy *proxy
	model *routetest.Gateway
	named map[int]string // listeners by their ports
}

// New returns a replay. No connection is made before [Replay.Run].
func New(o Options) *Replay {
	return &Replay{old: side{proxy: newProxy(o.Old, o.Certificate)}, new: side{proxy: newProxy(o.New, o.Certificate)}, known: o.Known}
}

// Run sends every example of a comparison to both proxies, and says to w what was not as claimed. The error says that they
// could not be asked.
func (r *Replay) Run(ctx context.Context, w io.Writer, c behaviour.Comparison) (*Sum, error) {
	r.w, r.sum = w, Sum{}
	old, new := c.Old.Resolve(), c.New.Resolve()
	if err := r.known.Fit(old, new); err != nil {
		return nil, err
	}
	for _, each := range []struct {
		side  *side
		model *schema.Gateway
	}{{&r.old, old}, {&r.new, new}} {
		if err := each.side.serve(each.model, time.Now()); err != nil {
			return nil, err
		}
	}
	var examples []*behaviour.Class
	ports := map[int]bool{}
	for _, head := range c.Behaviour.Classes {
		for _, class := range append([]*behaviour.Class{head}, head.Alike...) {
			if why := r.leaves(class); why != "" {
				r.sum.leave(why)
				continue
			}
			examples = append(examples, class)
			ports[class.Port] = true
		}
	}
	if err := r.reachable(ports); err != nil {
		return nil, err
	}
	for _, class := range examples {
		if err := r.example(ctx, class); err != nil {
			return nil, err
		}
	}
	return &r.sum, nil
}

// serve says which model the proxy serves.
func (s *side) serve(g *schema.Gateway, now time.Time) error {
	var problems []schema.Problem
	if s.model, problems = routetest.NewGateway(g, now); len(problems) > 0 {
		return fmt.Errorf("a proxy refuses one of the environments: %s (run gwc vet)", problems[0].Message)
	}
	s.named, s.proxy.listeners = map[int]string{}, map[int]schema.Listener{}
	for name, l := range g.Listeners {
		s.named[l.Port], s.proxy.listeners[l.Port] = name, l
	}
	return nil
}

// serves reports whether a listener of the proxy has a port.
func (s *side) serves(port int) bool {
	_, ok := s.named[port]
	return ok
}

// leaves says why a class has nothing that can be sent; "": it has.
func (r *Replay) leaves(c *behaviour.Class) string {
	switch {
	case c.Request == nil && c.Undecided:
		return "without an example, since it was not decided"
	case c.Request == nil:
		return "of connections, and not of a request"
	case !r.old.serves(c.Port):
		return "of listener " + c.Listeners[0] + ", which had another port"
	case len(c.Told) > 0:
		return "with what the gateway writes about the client (" + strings.Join(c.Told, ", ") + ")"
	case r.old.proxy.letsIn(c.Port) && r.new.proxy.letsIn(c.Port):
		return ""
	}
	return "at listener " + c.Listeners[0] + ", which asks clients for certificates"
}

// reachable refuses the address of one port where examples are of several listeners.
func (r *Replay) reachable(ports map[int]bool) error {
	for _, p := range []*proxy{r.old.proxy, r.new.proxy} {
		if len(ports) > 1 && p.hasPort() {
			return fmt.Errorf("%q is one port, and the examples are of listeners at %d: write the host alone, and serve each "+
				"listener at its own port (of %s)", p.address, len(ports), strings.Trim(fmt.Sprint(slices.Sorted(maps.Keys(ports))), "[]"))
		}
	}
	return nil
}

// maxSilent is how many requests may remain without an answer.
const maxSilent = 10

// example sends the example of a class to both proxies, and what is like it and shows more.
func (r *Replay) example(ctx context.Context, c *behaviour.Class) error {
	seen := newSeen(c)
	for _, in := range r.shots(c) {
		if err := r.shot(ctx, in, seen); err != nil {
			return err
		}
		for _, called := range r.asCallers(in) {
			if seen.whole() {
				break
			}
			if err := r.shot(ctx, called, seen); err != nil {
				return err
			}
		}
	}
	r.sum.add(seen)
	return nil
}

// shot sends one request to both proxies, and notes what it shows. One that a caller cannot be shown to send is not sent.
func (r *Replay) shot(ctx context.Context, in shot, seen *seen) error {
	shows, ok := r.show(in)
	if !ok {
		return nil
	}
	r.sum.Sent++
	before, after := r.claims(in)
	var answers []*answer // as claimed
	limited := 0
	for i, each := range []struct {
		proxy *proxy
		claim *claim
	}{{r.old.proxy, before}, {r.new.proxy, after}} {
		got, err := each.proxy.send(ctx, in, shows[i])
		switch {
		case errors.Is(err, errNoRoute), ctx.Err() != nil:
			return fmt.Errorf("asking %s: %w", each.proxy.address, err)
		case err != nil:
			fmt.Fprintf(r.w, "%s: %s was not answered: %v\n", each.proxy.address, in, err)
			if r.sum.Silent++; r.sum.Silent == maxSilent {
				return fmt.Errorf("%d requests were not answered, and no more are sent", maxSilent)
			}
			continue
		}
		if each.claim.hidden(got) {
			r.sum.limited++
			limited++
			continue
		}
		if wrong := each.claim.contradicted(got); len(wrong) > 0 {
			r.sum.Wrong++
			fmt.Fprintf(r.w, "%s: %s was %s\n", each.proxy.address, in, strings.Join(wrong, ", and "))
			continue
		}
		answers = append(answers, got)
	}
	seen.answered = seen.answered || len(answers)+limited == 2
	if len(answers) == 2 {
		seen.look(before, after, answers[0], answers[1])
	}
	return nil
}

// show returns what a shot's caller shows each side. False: that is not known of one of them.
func (r *Replay) show(in shot) (fields [2]exchange.Header, ok bool) {
	if in.caller.Nobody() {
		return fields, true
	}
	for i, side := range []side{r.old, r.new} {
		met := side.answer(in, nil)
		if fields[i], ok = side.model.Show(&met, in.caller, &r.known); !ok {
			return fields, false
		}
	}
	return fields, true
}
