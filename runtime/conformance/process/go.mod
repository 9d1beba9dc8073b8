module gwc.dev/runtime/conformance/process

go 1.26.0
