package filter

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"gwc.dev/runtime/exchange"
	"gwc.dev/schema"
)

// A keyring knows the consumers by the digests of their API keys. A look-up takes the digest of what the client
// sent, so that its time tells nothing about the keys.
type keyring struct {
	consumers map[[sha256.Size]byte]string
	groups    map[string][]string // of each consumer
}

// keyring returns the ring of the model's consumers. It is made once; what is wrong with it is reported at the
// consumers, by the first route that needs it.
func (c *compilation) keyring() *keyring {
	if c.keys != nil {
		return c.keys
	}
	c.keys = &keyring{consumers: map[[sha256.Size]byte]string{}, groups: map[string][]string{}}
	for name, consumer := range schema.Sorted(c.gateway.Consumers) {
		c.keys.groups[name] = consumer.Groups
		for id, key := range schema.Sorted(consumer.APIKeys) {
			at := schema.NewPath("consumers", name, "apiKeys", id)
			digest, ok := c.digest(name, at, key)
			if !ok {
				continue
			}
			if other, taken := c.keys.consumers[digest]; taken && other != name {
				c.report(at, "api-key-shared", "give each consumer a key of its own",
					"consumer %q has this key too, so that nobody can tell which of them calls", other)
			}
			c.keys.consumers[digest] = name
		}
	}
	return c.keys
}

// lost reports a key whose value cannot be had, or leaves it out.
func (c *compilation) lost(consumer string, at schema.Path, hint, format string, args ...any) {
	if !c.deps.Isolate {
		c.report(at, "secret", hint, format, args...)
		return
	}
	c.leftOut[consumer] = append(c.leftOut[consumer], schema.Problem{
		Path: at, Code: "secret", Hint: hint, Message: fmt.Sprintf(format, args...),
	})
}

// anyone reports whether somebody is left whom a may recognise by a key. Where nobody is because consumers are left
// out, no caller could pass, and each would be told that its key is wrong.
func (c *compilation) anyone(ring *keyring, a *allowed) bool {
	for _, name := range ring.consumers {
		if a == nil || a.admits(exchange.Caller{Consumer: name, Groups: ring.groups[name]}) {
			return true
		}
	}
	for name := range c.leftOut {
		if a == nil || a.admits(exchange.Caller{Consumer: name, Groups: ring.groups[name]}) {
			return false
		}
	}
	return true
}

// digest returns the SHA-256 digest of a key of a consumer, or false: there is none to be had.
func (c *compilation) digest(consumer string, at schema.Path, key schema.APIKey) (sum [sha256.Size]byte, ok bool) {
	if (key.Secret != "") == (key.SHA256 != "") {
		c.report(at, "api-key", "", "exactly one of secret and sha256 is needed")
		return sum, false
	}
	if key.SHA256 != "" {
		raw, err := hex.DecodeString(key.SHA256)
		if err != nil || len(raw) != len(sum) {
			c.report(at.Join("sha256"), "api-key", "write the digest as 64 hexadecimal digits", "sha256 is not a digest")
			return sum, false
		}
		return [sha256.Size]byte(raw), true
	}
	if c.deps.Secrets == nil {
		return sum, false
	}
	value, err := c.deps.Secrets.Resolve(key.Secret)
	switch {
	case err != nil:
		c.lost(consumer, at.Join("secret"), "mount the secret, or correct the reference", "%v", err)
		return sum, false
	case len(value) == 0:
		c.lost(consumer, at.Join("secret"), "put the key into it", "secret %q is empty", key.Secret)
		return sum, false
	}
	return sha256.Sum256(value), true
}
