// Package secret resolves the references that stand in a model to values that stand in no model.
//
// A reference is "name/key", the file of a directory of mounted Kubernetes Secrets, or "env:NAME", a variable
// of the proxy's environment:
//
//	key, err := secret.Dir("/etc/gwproxy/secrets").Resolve("example-user/api-key")
package secret

// A Source resolves references: "name/key" or "env:NAME". A resolved value is never logged.
type Source interface {
	// Resolve returns the value of a reference, without a trailing newline. The error names the reference and
	// where it was looked for, never a value.
	Resolve(ref string) ([]byte, error)
}
