package http2

import (
	"gwc.dev/runtime/exchange"
	"gwc.dev/runtime/http1"
)

// End ends an answer whose body could not be read to its end by fields after what there is of it, for protocols that say
// there how an answer has ended. It is called after [Stream.Respond] has returned a *[http1.SourceError].
func (s *Stream) End(trailer exchange.Header) error {
	fields := ending(trailer)
	if len(fields) == 0 {
		return http1.ErrUnwritable
	}
	return s.stream.sendTrailer(fields)
}
