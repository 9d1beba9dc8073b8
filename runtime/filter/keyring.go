package filter

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"sync/atomic"

	"gwc.dev/runtime/exchange"
	"gwc.dev/runtime/secret"
	"gwc.dev/schema"
)

// A keyring knows the consumers by the digests of their API keys, and follows the secrets that the keys stand in. A
// look-up takes the digest of what the client sent, so that its time tells nothing about the keys.
type keyring struct {
	groups    map[string][]string // of each consumer
	keys      []ringKey
	consumers atomic.Pointer[map[secret.Digest]string]
}

// A ringKey is one API key of a consumer.
type ringKey struct {
	consumer string
	digest   secret.Digest                // where it stands in the model
	ref      string                       // of the secret that it follows
	follows  *secret.Value[secret.Digest] // nil: it does
}

// consumer returns whose key it is.
func (r *keyring) consumer(key string) (string, bool) {
	name, ok := (*r.consumers.Load())[sha256.Sum256([]byte(key))]
	return name, ok
}

// Renew implements [secret.Dependent]: a secret that has become another consumer's key is not taken for one, since
// nobody could tell which of them calls.
func (r *keyring) Renew() map[string]error {
	refused := map[string]error{}
	digests := make([]secret.Digest, len(r.keys))
	for i, k := range r.keys {
		if digests[i] = k.digest; k.follows != nil {
			digests[i] = *k.follows.Newest()
		}
	}
	for {
		consumers, first, second := r.index(digests)
		if second < 0 {
			r.consumers.Store(&consumers)
			return refused
		}
		for _, i := range []int{first, second} { // one of them is new, for those in use go together
			k := &r.keys[i]
			if k.follows == nil || digests[i] == *k.follows.Load() {
				continue
			}
			refused[k.ref] = fmt.Errorf("secret %q holds a key that consumer %q has too", k.ref, r.keys[first+second-i].consumer)
			digests[i] = *k.follows.Load()
		}
	}
}

// index returns the consumers by digests of their keys, or two keys of different consumers that are the same; -1: there
// are none.
func (r *keyring) index(digests []secret.Digest) (consumers map[secret.Digest]string, first, second int) {
	consumers = make(map[secret.Digest]string, len(r.keys))
	for i, k := range r.keys {
		if other, taken := consumers[digests[i]]; taken && other != k.consumer {
			for first = range r.keys {
				if digests[first] == digests[i] && r.keys[first].consumer == other {
					return nil, first, i
				}
			}
		}
		consumers[digests[i]] = k.consumer
	}
	return consumers, -1, -1
}

// keyring returns the ring of the model's consumers. It is made once; what is wrong with it is reported at the
// consumers, by the first route that needs it.
func (c *compilation) keyring() *keyring {
	if c.keys != nil {
		return c.keys
	}
	c.keys = &keyring{groups: map[string][]string{}}
	consumers := map[secret.Digest]string{}
	for name, consumer := range schema.Sorted(c.gateway.Consumers) {
		c.keys.groups[name] = consumer.Groups
		for id, key := range schema.Sorted(consumer.APIKeys) {
			at := schema.NewPath("consumers", name, "apiKeys", id)
			k := ringKey{consumer: name, ref: key.Secret}
			digest, ok := c.read(&k, key, at)
			if !ok {
				continue
			}
			if other, taken := consumers[digest]; taken && other != name {
				c.report(at, "api-key-shared", "give each consumer a key of its own",
					"consumer %q has this key too, so that nobody can tell which of them calls", other)
			}
			consumers[digest] = name
			c.keys.keys = append(c.keys.keys, k)
		}
	}
	c.keys.consumers.Store(&consumers)
	if c.deps.Secrets != nil {
		c.deps.Secrets.Depend(c.keys)
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
	for _, name := range *ring.consumers.Load() {
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

// read returns the digest of a key and how it goes on, or false: there is none to be had.
func (c *compilation) read(k *ringKey, key schema.APIKey, at schema.Path) (digest secret.Digest, ok bool) {
	switch {
	case (key.Secret != "") == (key.SHA256 != ""):
		c.report(at, "api-key", "", "exactly one of secret and sha256 is needed")
		return digest, false
	case key.SHA256 != "":
		raw, err := hex.DecodeString(key.SHA256)
		if err != nil || len(raw) != len(digest) {
			c.report(at.Join("sha256"), "api-key", "write the digest as 64 hexadecimal digits", "sha256 is not a digest")
			return digest, false
		}
		k.digest = secret.Digest(raw)
		return k.digest, true
	case c.deps.Secrets == nil:
		return digest, false
	}
	var err error
	if k.follows, err = c.deps.Secrets.APIKey(key.Secret); err != nil {
		c.lost(k.consumer, at.Join("secret"), "mount the secret, or correct the reference", "%v", err)
		return digest, false
	}
	return *k.follows.Load(), true
}
