// Package examples holds one directory a feature: an environment, and the requests with the answers that must come.
// README.md lists them.
//
// The package's test takes each of them the whole way: it compiles the environment, holds it to the checks and the
// policies, asks CUE itself, renders and builds the manifests, seals the bundle, and has the runtime serve it in front
// of stand-in backends, to which it sends the requests over real connections.
package examples
