module gwc.dev/runtime/conformance/gateway

go 1.26.0
