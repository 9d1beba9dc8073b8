package policy

import (
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
)

// capabilities returns what rules may use: everything whose result depends on its arguments alone.
func capabilities() *ast.Capabilities {
	c := ast.CapabilitiesForThisVersion()
	c.Builtins = slices.DeleteFunc(slices.Clone(c.Builtins), withheld)
	c.AllowNet = []string{}
	return c
}

func withheld(b *ast.Builtin) bool {
	switch b.Name {
	case "crypto.x509.parse_and_verify_certificates", "crypto.x509.parse_and_verify_certificates_with_options":
		return true // reads the clock
	case "bits.lsh":
		return true // takes memory by the size of a number, in one step that cannot be stopped
	}
	return b.IsNondeterministic()
}

// withheldHint explains an error of the compiler that comes from a withheld function; of others it is empty.
func withheldHint(message string) string {
	_, name, ok := strings.Cut(message, "undefined function ")
	if !ok {
		return ""
	}
	name, _, _ = strings.Cut(name, " ")
	if b, ok := ast.BuiltinMap[name]; ok && withheld(b) {
		return "policies are deterministic, offline and bounded: work from input alone"
	}
	return ""
}
