module gwc.dev/runtime/conformance/reload

go 1.26.0

require (
	github.com/coder/websocket v1.8.14
	gwc.dev v0.0.0
	gwc.dev/runtime/conformance/gateway v0.0.0
)

replace (
	gwc.dev => ../../..
	gwc.dev/runtime/conformance/gateway => ../gateway
)
