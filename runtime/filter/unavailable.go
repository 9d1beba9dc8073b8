package filter

import "gwc.dev/runtime/exchange"

// reasonAPIUnavailable is the reason, in logs and metrics, of answers for an API that could not be built.
const reasonAPIUnavailable = "api-unavailable"

// Unavailable returns the chain of a route whose API could not be built. It answers everything, so that what the
// route's own filters would have refused reaches nobody.
func Unavailable() Chain { return Chain{unavailable{}} }

type unavailable struct{}

func (unavailable) Request(x *exchange.Exchange) bool {
	x.Fail(503, reasonAPIUnavailable, "This API is not available on this gateway.")
	return true
}
