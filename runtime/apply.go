package runtime

import (
	"bytes"
	"fmt"
	"time"

	"gwc.dev/schema"
	"gwc.dev/schema/bundle"
)

// Reasons of refusals beside those of package bundle: labels of a metric.
const (
	refusedModel  = "model"  // the bundle is authentic and cannot be served
	refusedListen = "listen" // an address cannot be listened on
)

// A refusal is why a bundle is not put into force.
type refusal struct {
	reason   string
	message  string
	problems []schema.Problem
	// outside says that the reason may lie outside the bundle, so that trying again makes sense.
	outside bool
	// signer says that the reason is who signed it.
	signer bool
	// clock says that the reason is the time, which may have been a wrong one.
	clock bool
	// damaged says that it is no whole archive.
	damaged bool
}

// take offers a bundle and, once it is in force, keeps it on disk.
func (s *Server) take(data []byte, origin string) {
	s.apply.Lock()
	defer s.apply.Unlock()
	if s.offer(data, origin, false) {
		s.keep()
	}
}

// retry offers the refused bundle again that may be served by now, unless a newer one has taken its place.
func (s *Server) retry() {
	s.apply.Lock()
	defer s.apply.Unlock()
	if data, origin := s.status.again(); data != nil && s.offer(data, origin, false) {
		s.keep()
	}
}

// offer puts a bundle into force, or records why not. It reports whether its bytes are newly in force. One that
// is known to have been in force before is a floor for serials even if it cannot be put into force now. The
// caller holds s.apply.
func (s *Server) offer(data []byte, origin string, before bool) bool {
	inForce := s.current.Load()
	if inForce != nil && bytes.Equal(inForce.data, data) {
		s.accepted()
		return false
	}
	trust := s.trusts()
	trust.MinSerial, trust.Revision, trust.Kept = s.floor.serial, s.floor.revision, before
	b, err := bundle.Open(data, trust)
	if err != nil {
		s.refuse(data, nil, origin, refusal{reason: bundle.Reason(err), message: err.Error(), signer: ofSigners(err), clock: ofClock(err), damaged: bundle.Damaged(err)})
		return false
	}
	if inForce != nil && b.Revision == inForce.bundle.Revision { // signed again, perhaps by the only key of tomorrow
		again, signed := *inForce, *b
		signed.Gateway, signed.Positions = inForce.bundle.Gateway, nil
		again.bundle, again.data, again.origin = &signed, data, origin
		s.current.Store(&again)
		s.accepted()
		return true
	}
	if before {
		s.floor = floor{b.Serial, b.Revision}
	}
	r := s.put(b, data, origin, s.o.Clock())
	if r != nil {
		s.refuse(data, b, origin, *r)
		return false
	}
	s.floor = floor{b.Serial, b.Revision}
	s.metrics.Swapped(b.Environment, b.Revision, b.Serial)
	s.accepted()
	s.tidy.Reset(tidyAfter)
	s.o.Logger.Info("serving", "environment", b.Environment, "revision", b.Revision, "serial", b.Serial,
		"git", b.GitRevision, "origin", origin, "verified", b.Verified, "signer", b.By)
	return true
}

// tidyAfter is how long after a swap the memory that it took is given back to the system: some times that of the new
// generation, which else stays with the process.
const tidyAfter = 2 * time.Second

// A floor is the serial that is not gone back behind, and which bundle has it.
type floor struct {
	serial   uint64
	revision string
}

// put builds the generation of a bundle and swaps it in.
func (s *Server) put(b *bundle.Bundle, data []byte, origin string, since time.Time) *refusal {
	g, problems := s.build(b)
	if len(problems) > 0 {
		return &refusal{reason: refusedModel, message: summary("the bundle cannot be served", problems), problems: problems, outside: true}
	}
	g.data, g.origin, g.since = data, origin, since
	return s.install(g)
}

// install swaps a generation in. Until the store in its middle nothing that serves has changed.
func (s *Server) install(g *generation) *refusal {
	fresh, problems := s.sockets.listen(g)
	if len(problems) > 0 {
		return &refusal{reason: refusedListen, message: summary("the bundle's listeners cannot be opened", problems), problems: problems, outside: true}
	}
	s.keys.Retain(g.table.KeySets())
	s.secrets.Use(g.secrets)
	g.metrics.Commit()
	before := s.current.Load()
	s.sockets.retire(g, before)

	s.current.Store(g)

	s.sockets.take(g, fresh, s.o.DrainTimeout)
	s.pool.Use(g.upstreams)
	s.tellIsolated(before, g)
	return nil
}

func summary(what string, problems []schema.Problem) string {
	text := what + ": " + problems[0].Message
	if more := len(problems) - 1; more > 0 {
		text += fmt.Sprintf(" (and %d more)", more)
	}
	return text
}

// accepted records that the newest bundle seen is the one in force.
func (s *Server) accepted() {
	s.metrics.Refusing(false)
	s.status.accepted()
	s.freshness.accepted(s.o.Clock())
}

// refuse records that the newest bundle seen is not put into force. b is nil where it was not opened.
func (s *Server) refuse(data []byte, b *bundle.Bundle, origin string, r refusal) {
	out := Refused{Reason: r.reason, Message: r.message, Origin: origin, At: s.o.Clock().UTC().Truncate(time.Second)}
	if b == nil {
		said := bundle.ReadLabel(data)
		out.Revision, out.Serial, out.GitRevision = said.Revision, said.Serial, said.GitRevision
	} else {
		out.Revision, out.Serial, out.GitRevision = b.Revision, b.Serial, b.GitRevision
		if len(r.problems) > 0 {
			out.Problems = located(b, r.problems)
		}
	}
	s.metrics.Refusing(true)
	again := pending{damaged: r.damaged}
	if r.outside || r.signer {
		again = pending{data: data, origin: origin, signer: r.signer, clock: r.clock}
	}
	if !s.status.refused(out, again) {
		return // the same bundle for the same reason
	}
	s.metrics.Refused(r.reason)
	s.o.Logger.Error("bundle refused", "reason", r.reason, "message", r.message, "revision", out.Revision,
		"serial", out.Serial, "origin", origin, "still serving", s.servedRevision())
	for _, p := range out.Problems {
		s.o.Logger.Error("bundle refused: "+p.Message, "position", p.Position, "path", p.Path, "code", p.Code, "help", p.Hint)
	}
}

func (s *Server) servedRevision() string {
	if g := s.current.Load(); g != nil {
		return g.bundle.Revision
	}
	return "nothing"
}
