// Package policy holds a gateway to rules written in Rego: gwc's own library, which is embedded, and the
// user's, beside it.
//
//	engine, err := policy.New(ctx, policy.Options{Dirs: []string{"policy"}})
//	if broken, ok := errors.AsType[*policy.CompileError](err); ok {
//		return broken.Findings // the user's Rego is at fault, at file:line:col
//	}
//	findings, err := engine.Evaluate(ctx, model)
//	findings = engine.Waive(findings, model.Waivers, time.Now())
//	findings.Locate(environment.Positions)
//
// # Rules
//
// A rule is one package below gwc, in the syntax of OPA v1, usually one file:
//
//	# METADATA
//	# title: Routes are described
//	# description: Callers read the description in the catalogue.
//	# custom:
//	#   code: route-undescribed
//	#   severity: warning
//	#   help: say in a sentence what the route is for
//	package gwc.user.route_undescribed
//
//	deny contains {"path": ["apis", a, "routes", r], "message": message} if {
//		some a, api in input.apis
//		some r, route in api.routes
//		not route.description
//		message := sprintf("route %q of API %q has no description", [r, a])
//	}
//
// The METADATA stands above the package or above its deny rule. custom.code names the kind of finding, in kebab
// case; no two rules share one, and "policy-" and "waiver-" are gwc's own. custom.severity is error, warning or
// info. title, description and custom.help are for the reader and may be left out. A package without deny is a
// library for others.
//
// The input is the resolved model as [schema.Gateway.Encode] writes it: every route holds the filters that are
// in force there, a filter that is turned off is absent, durations are text ("1m30s"). data.gwc.model has what
// rules ask more than once: production, authenticated(route), methods(route), safe, idempotent,
// route_name(a, r), listeners(api).
//
// An element of deny has exactly two members. path is the place in the model, as an array of names (an element
// of a list by its index) or as the text of a [schema.Path]; gwc supplies the position in the user's file, that
// of the nearest place above where nothing is written at path itself. message is one sentence.
//
// Rules are deterministic, offline and bounded. Built-in functions whose answer depends on anything but their
// arguments (http.send, net.lookup_ip_addr, time.now_ns, rand.intn, opa.runtime and their like) do not exist
// here. A rule that runs too long, takes too much memory, or calls a built-in function with arguments that it
// cannot work on is stopped, and is itself a finding: a rule that did not run to its end must not look like one
// that found nothing.
//
// # Tests
//
// Files named *_test.rego are compiled only by [Engine.Test], which runs their rules named test_*.
package policy
