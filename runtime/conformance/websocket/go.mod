module gwc.dev/runtime/conformance/websocket

go 1.26.0

require (
	github.com/coder/websocket v1.8.14
	github.com/google/go-cmp v0.7.0
	gwc.dev/runtime/conformance/gateway v0.0.0
)

replace gwc.dev/runtime/conformance/gateway => ../gateway
