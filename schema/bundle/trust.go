package bundle

import (
	"bytes"
	"crypto/x509"
	"strings"
	"time"
)

// Trust says which bundles are good enough to use. The zero Trust accepts none. Package trust reads who is trusted
// from files.
type Trust struct {
	// Keys are trusted themselves, each until its own end.
	Keys []PublicKey

	// Identities are trusted under any key that a certificate of one of Authorities gives them. Authorities are roots,
	// which sign themselves, and certificates between them and an identity's. TimeAuthorities are the same for
	// timestamps, which prove when a signature was made.
	Identities      []Identity
	Authorities     []*x509.Certificate
	TimeAuthorities []*x509.Certificate

	// InsecureSkipVerify accepts any signer and none. Everything else is still checked. It has to be said in
	// so many words: no keys does not mean any key.
	InsecureSkipVerify bool

	Environment string // the only environment to accept; "" accepts all

	// MinSerial and Revision are the bundle in force. An older serial is refused, and so is other content
	// under the same serial: of two bundles that claim one place in the order nobody can say which is newer.
	// An empty Revision allows the latter.
	MinSerial uint64
	Revision  string

	// Now is what ends of trust are compared with. The zero time is the system's clock.
	Now time.Time
	// Kept says that the bundle was taken before, when the trust in its signer had not ended: it is asked who
	// signed it, and not whether that may still be said of new ones.
	Kept bool
}

// Trusting returns a Trust of keys.
func Trusting(keys ...PublicKey) Trust { return Trust{Keys: keys} }

// Empty reports whether nobody is trusted.
func (t *Trust) Empty() bool { return len(t.Keys) == 0 && len(t.Identities) == 0 }

// Add has t trust whom other trusts. Which bundles t asks for stays as it is.
func (t *Trust) Add(other Trust) {
	t.Keys = append(t.Keys[:len(t.Keys):len(t.Keys)], other.Keys...)
	t.Identities = append(t.Identities[:len(t.Identities):len(t.Identities)], other.Identities...)
	t.Authorities = append(t.Authorities[:len(t.Authorities):len(t.Authorities)], other.Authorities...)
	t.TimeAuthorities = append(t.TimeAuthorities[:len(t.TimeAuthorities):len(t.TimeAuthorities)], other.TimeAuthorities...)
}

func (t *Trust) now() time.Time {
	if t.Now.IsZero() {
		return time.Now()
	}
	return t.Now
}

// ended returns the refusal of a signer who was trusted until end; nil if that is still to come, or never.
func (t *Trust) ended(who string, end time.Time) error {
	if t.Kept || end.IsZero() || t.now().Before(end) {
		return nil
	}
	return refuse(ExpiredTrust, "%s signed it, and was trusted until %s: sign it with what is trusted now", who, stamp(end))
}

// verify returns who signed manifest: a judgement of each signature, and which of them is good enough; nil if
// verification is switched off.
//
// Every signature by a key that t names has to hold. Signatures by others count for nothing.
func (t *Trust) verify(manifest []byte, e envelope) (all []Signatory, by *Signatory, err error) {
	message := preAuthEncoding(manifest)
	if t.InsecureSkipVerify {
		for _, s := range e.Signatures {
			who := s.claim()
			who.Err = errSkipped
			all = append(all, who)
		}
		return all, nil, nil
	}
	if len(e.Signatures) == 0 {
		return nil, nil, refuse(Unsigned, "the bundle carries no signature: sign it with gwc sign")
	}
	if e.PayloadType != payloadType || !bytes.Equal(e.Payload, manifest) {
		return nil, nil, refuse(SignatureInvalid, "the signature is over something other than the bundle's manifest")
	}
	for _, s := range e.Signatures {
		all = append(all, t.Judge(message, s))
	}
	if by, err = Decide(all); err != nil {
		return nil, nil, err
	}
	return all, by, nil
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

// key finds a trusted key; of several entries the one that is trusted longest.
func (t *Trust) key(id string) (found PublicKey, ok bool) {
	for _, k := range t.Keys {
		if k.ID() == id && (!ok || outlasts(k.Expires, found.Expires)) {
			found, ok = k, true
		}
	}
	return found, ok
}

// outlasts compares two ends of trust, of which the zero time is never.
func outlasts(a, b time.Time) bool { return !b.IsZero() && (a.IsZero() || a.After(b)) }

// who names those who are trusted, for people.
func (t *Trust) who() string {
	var out []string
	for _, k := range t.Keys {
		out = append(out, "key "+short(k.ID()))
	}
	for _, i := range t.Identities {
		out = append(out, i.String())
	}
	const enough = 5
	if more := len(out) - enough; more > 0 {
		out = append(out[:enough], "others")
	}
	return strings.Join(out, " or ")
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

// stamp writes a time for people.
func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }
