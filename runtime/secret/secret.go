// Package secret turns the references that stand in a model into what they mean now.
//
// A reference is "name/key", the file of a directory of mounted Kubernetes Secrets, or "env:NAME", a variable of the
// proxy's environment. What a table needs of them it takes from a [Set] of a [Store], which outlives tables, and keeps
// as handles: a [Value] follows its files, so that a secret that is rotated is in use at once, without another table.
//
//	store := secret.New(secret.Options{Source: secret.Dir("/etc/gwproxy/secrets")})
//	set := store.Stage()
//	roots, err := set.Authority("backend-ca/ca.crt") // an error: the table cannot be built
//	store.Use(set)                                   // the table serves
//	roots.Load()                                     // what the file says now
//
// Nothing that cannot be used takes the place of what can: while a secret is gone, empty or broken, its last good value
// stays in use, and the store reports it by name. Values are never part of an error, a log or a status.
package secret

// A Source resolves references: "name/key" or "env:NAME". A resolved value is never logged.
type Source interface {
	// Resolve returns the value of a reference, without a trailing newline. The error names the reference and
	// where it was looked for, never a value.
	Resolve(ref string) ([]byte, error)
}
