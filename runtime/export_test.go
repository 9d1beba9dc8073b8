package runtime

import (
	"time"

	"gwc.dev/schema/bundle"
)

// Swap puts a bundle that is open into force, as a source's next one would be.
func (s *Server) Swap(b *bundle.Bundle) error {
	s.apply.Lock()
	defer s.apply.Unlock()
	if refused := s.put(b, nil, "test", time.Now()); refused != nil {
		return &swapError{refused.message}
	}
	return nil
}

type swapError struct{ message string }

func (e *swapError) Error() string { return e.message }
