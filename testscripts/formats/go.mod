// What gwc prints for programs, held to the schemas of those who read it, in a module of its own so that nothing of
// ours depends on them.
module gwc.dev/testscripts/formats

go 1.26.0

require (
	github.com/google/go-cmp v0.7.0
	github.com/santhosh-tekuri/jsonschema/v6 v6.0.3
	github.com/securego/gosec/v2 v2.30.0
	golang.org/x/tools v0.52.0
	gwc.dev v0.0.0
)

require (
	go.yaml.in/yaml/v3 v3.0.5 // indirect
	golang.org/x/mod v0.42.0 // indirect
	golang.org/x/sync v0.24.0 // indirect
	golang.org/x/text v0.43.0 // indirect
)

replace gwc.dev => ../..
