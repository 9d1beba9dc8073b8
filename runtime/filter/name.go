package filter

import "gwc.dev/schema"

// Name returns where a filter of a chain is written, as a path below its route: "rateLimit", "headers.request".
func Name(f Filter) schema.Path {
	switch f.(type) {
	case *responseChange:
		return "headers.response"
	case *crossOrigin:
		return "cors"
	case *authentication:
		return "auth"
	case *limiter:
		return "rateLimit"
	case *redirector:
		return "redirect"
	case *responder:
		return "respond"
	case *rewriter:
		return "rewrite"
	case *requestChange:
		return "headers.request"
	}
	return ""
}
