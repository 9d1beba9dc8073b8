package bundle

import (
	"bytes"
	"strings"
)

// Trust says which bundles are good enough to use. The zero Trust accepts none.
type Trust struct {
	Keys []PublicKey

	// InsecureSkipVerify accepts any signer and none. Everything else is still checked. It has to be said in
	// so many words: no keys does not mean any key.
	InsecureSkipVerify bool

	Environment string // the only environment to accept; "" accepts all

	// MinSerial and Revision are the bundle in force. An older serial is refused, and so is other content
	// under the same serial: of two bundles that claim one place in the order nobody can say which is newer.
	// An empty Revision allows the latter.
	MinSerial uint64
	Revision  string
}

// verify returns the ID of a trusted key that signed manifest; "" when verification is switched off.
//
// Every signature by a trusted key has to hold. Signatures by other keys count for nothing.
func (t *Trust) verify(manifest []byte, e envelope) (string, error) {
	if t.InsecureSkipVerify {
		return "", nil
	}
	if len(e.Signatures) == 0 {
		return "", refuse(Unsigned, "the bundle carries no signature: sign it with gwc sign")
	}
	if e.PayloadType != payloadType || !bytes.Equal(e.Payload, manifest) {
		return "", refuse(SignatureInvalid, "the signature is over something other than the bundle's manifest")
	}
	message := preAuthEncoding(manifest)
	var verified string
	for _, s := range e.Signatures {
		for _, k := range t.Keys {
			if k.ID() != s.KeyID {
				continue
			}
			if !k.Verify(message, s.Sig) {
				return "", refuse(SignatureInvalid, "the signature by key %s does not fit the bundle's manifest", short(s.KeyID))
			}
			if verified == "" {
				verified = s.KeyID
			}
		}
	}
	if verified == "" {
		return "", refuse(UnknownKey, "the bundle is signed by key %s, and the keys trusted are %s",
			shortAll(signers(e.Signatures)), shortAll(t.keyIDs()))
	}
	return verified, nil
}

// admit asks whether an authentic bundle is the one to use here and now.
func (t *Trust) admit(m *manifest, revision string) error {
	if t.Environment != "" && m.Environment != t.Environment {
		return refuse(WrongEnvironment, "the bundle is for environment %.100q, not %q", m.Environment, t.Environment)
	}
	if m.Serial < t.MinSerial {
		return refuse(OlderSerial, "the bundle has serial %d, and %d is in force: build again to go back to older content", m.Serial, t.MinSerial)
	}
	if m.Serial == t.MinSerial && t.Revision != "" && revision != t.Revision {
		return refuse(SerialReused, "the bundle has serial %d as the one in force has, but other content: build again with a higher serial", m.Serial)
	}
	return nil
}

func (t *Trust) keyIDs() []string {
	ids := make([]string, len(t.Keys))
	for i, k := range t.Keys {
		ids[i] = k.ID()
	}
	return ids
}

// short returns as much of a key's ID as people compare. IDs come from files, so they are quoted.
func short(id string) string {
	const enough = 16
	if len(id) > enough {
		id = id[:enough]
	}
	return `"` + strings.ToValidUTF8(strings.Map(printable, id), "?") + `"`
}

func printable(r rune) rune {
	if r < ' ' || r == '"' || r == 0x7f {
		return '?'
	}
	return r
}

func shortAll(ids []string) string {
	out := make([]string, len(ids))
	for i, id := range ids {
		out[i] = short(id)
	}
	return strings.Join(out, " or ")
}
