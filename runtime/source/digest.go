package source

import (
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"strings"
)

// A digest is what bytes from elsewhere have to have: "sha256:" and hexadecimal digits. The zero digest is none.
type digest string

// parseDigest reads one, in the algorithms that Flux writes and the standard library has.
func parseDigest(s string) (digest, error) {
	name, text, ok := strings.Cut(s, ":")
	if !ok {
		return "", fmt.Errorf("%q is no digest: it is written sha256:HEX", s)
	}
	h := digest(s).hash()
	if h == nil {
		return "", fmt.Errorf("there is no digest algorithm %q here: sha256, sha384 and sha512 are known", name)
	}
	sum, err := hex.DecodeString(text)
	if err != nil || len(sum) != h.Size() || text != strings.ToLower(text) {
		return "", fmt.Errorf("%q is no %s digest: it has %d hexadecimal digits in lower case", s, name, 2*h.Size())
	}
	return digest(s), nil
}

func (d digest) hash() hash.Hash {
	name, _, _ := strings.Cut(string(d), ":")
	switch name {
	case "sha256":
		return sha256.New()
	case "sha384":
		return sha512.New384()
	case "sha512":
		return sha512.New()
	}
	return nil
}

// check reports bytes that are others.
func (d digest) check(data []byte) error {
	h := d.hash()
	if h == nil {
		return errors.New("no digest says what it should be")
	}
	_, _ = h.Write(data) // a hash does not fail
	name, want, _ := strings.Cut(string(d), ":")
	if got := hex.EncodeToString(h.Sum(nil)); got != want {
		return fmt.Errorf("its digest is %s:%s and not %s", name, got, d)
	}
	return nil
}
