module gwc.dev/runtime/conformance/chain

go 1.26.0

require (
	github.com/google/go-cmp v0.7.0
	gwc.dev/runtime/conformance/gateway v0.0.0
)

replace gwc.dev/runtime/conformance/gateway => ../gateway
