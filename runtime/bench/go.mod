module gwc.dev/runtime/bench

go 1.26.0
