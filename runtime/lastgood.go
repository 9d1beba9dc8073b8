package runtime

import (
	"fmt"
	"time"

	"gwc.dev/schema/bundle"
)

// restore serves the last good bundle until the source is heard. It is trusted no more than any other. A file that is
// damaged is passed over for the one before; one that is whole and cannot be served is not gone back behind.
func (s *Server) restore() {
	if s.state == nil {
		return
	}
	s.apply.Lock()
	defer s.apply.Unlock()
	s.state.Sweep(time.Now())
	found, err := s.state.Restore(s.trusts())
	if err != nil {
		s.status.setState(err)
		s.o.Logger.Error("reading the last good bundle", "directory", s.o.StateDir, "error", err)
		return
	}
	for _, p := range found.Passed {
		s.status.setState(fmt.Errorf("passing over %q: %w", p.Path, p.Err))
		if found.Path == "" {
			s.refuse(p.Data, nil, "state:"+p.Path, refusal{reason: p.Reason, message: p.Err.Error(), signer: ofSigners(p.Err)})
			return
		}
		s.metrics.Refused(p.Reason)
		s.o.Logger.Error("a bundle that was kept is not used", "reason", p.Reason, "file", p.Path, "error", p.Err)
	}
	if found.Path == "" {
		return
	}
	s.freshness.restored(found.Confirmed, s.o.Clock()) // before it is served, so that nobody sees it without its age
	s.offer(found.Data, "state:"+found.Path, true)
}

// keepAgain tries again to write what could not be written: a disk that was full may have room.
func (s *Server) keepAgain() {
	s.apply.Lock()
	defer s.apply.Unlock()
	if s.status.unkept() {
		s.keep()
	}
}

// keep writes the bundle in force to the state directory. That it cannot is no reason not to serve it. The caller
// holds s.apply, so that no older bundle is written after a newer one.
func (s *Server) keep() {
	g := s.current.Load()
	if s.state == nil || g == nil {
		return
	}
	err := s.state.Keep(g.bundle, g.data, s.trusts())
	if s.status.setState(err) && err != nil {
		s.o.Logger.Error("keeping the last good bundle: a restart will need the source", "directory", s.o.StateDir, "error", err)
	}
}

// trusts returns whom bundles are taken from, whatever is in force. The caller holds s.apply.
func (s *Server) trusts() bundle.Trust {
	t := s.trust
	t.InsecureSkipVerify, t.Environment, t.Now = s.o.InsecureSkipVerify, s.o.Environment, s.o.Clock()
	return t
}
