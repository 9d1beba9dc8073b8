package bundle

import (
	"errors"
	"fmt"
	"time"
)

// A Signature is what somebody left on a message, with what says who that was.
type Signature struct {
	KeyID string `json:"keyid"`
	Sig   []byte `json:"sig"`

	// Certificates give the key its identity, in DER: its own first, then those up to a root, which is left out.
	// Without any, the key is known by itself.
	Certificates [][]byte `json:"certificates,omitempty"`
	// Timestamp proves when the signature was made: an RFC 3161 response over Sig, in DER.
	Timestamp []byte `json:"timestamp,omitempty"`
}

// A Signatory is who made a signature, and whether it counts.
type Signatory struct {
	KeyID           string
	Issuer, Subject string    // what a certificate says of the key's holder; "" if there is none
	SignedAt        time.Time // proven by a timestamp; zero if nobody knows
	Expires         time.Time // when the trust in them ends; zero: never
	Err             error     // why the signature does not count; nil if it is good
}

// String names the signatory for people.
func (s Signatory) String() string {
	if s.Subject != "" {
		return fmt.Sprintf("%s (%s)", quote(s.Subject), quote(s.Issuer))
	}
	if s.KeyID == "" {
		return "an unknown key"
	}
	return "key " + short(s.KeyID)
}

// errSkipped is why signatures do not count that nobody was asked to verify.
var errSkipped = errors.New("not verified")

// claim returns whom a signature names, whether or not they made it.
func (s Signature) claim() Signatory {
	who := Signatory{KeyID: s.KeyID}
	if chain, err := parseChain(s.Certificates); err == nil && len(chain) > 0 {
		who.Issuer, who.Subject = identityOf(chain[0])
	}
	return who
}

// Judge says who made a signature over message, and whether t trusts them: Err is nil, or unwraps to a [Refusal].
func (t *Trust) Judge(message []byte, s Signature) Signatory {
	if len(s.Certificates) > 0 {
		return t.judgeCertified(message, s)
	}
	who := s.claim()
	k, known := t.key(s.KeyID)
	switch {
	case !known && t.Empty():
		who.Err = refuse(NoTrustedKey, "nobody is trusted")
	case !known:
		who.Err = refuse(UnknownKey, "it is signed by %s, and not by %s", who, t.who())
	case !k.Verify(message, s.Sig):
		who.Err = refuse(SignatureInvalid, "the signature by %s does not fit what it is said to be over", who)
	default:
		who.Expires = k.Expires
		who.Err = t.ended(who.String(), k.Expires)
	}
	return who
}

// Decide returns the first of the signatories who counts. The error says why none does, or that a signature by one who
// is trusted does not hold: who can forge one may have forged more.
func Decide(all []Signatory) (by *Signatory, err error) {
	refusal := refuse(Unsigned, "nobody has signed it")
	if len(all) > 0 {
		refusal = all[0].Err
	}
	for i, s := range all {
		switch {
		case s.Err == nil && by == nil:
			by = &all[i]
		case errors.Is(s.Err, SignatureInvalid):
			return nil, s.Err
		case errors.Is(refusal, UnknownKey): // anything says more than that nobody knows them
			refusal = s.Err
		}
	}
	if by == nil {
		return nil, refusal
	}
	return by, nil
}

// SignatureOf has s sign message. What it says it signed must verify.
func SignatureOf(message []byte, s Signer) (Signature, error) {
	sig, err := s.Sign(message)
	if err != nil {
		return Signature{}, err
	}
	if !s.Public().Verify(message, sig) {
		return Signature{}, errors.New("the signer's signature does not fit its public key")
	}
	out := Signature{KeyID: s.Public().ID(), Sig: sig}
	if c, ok := s.(CertifiedSigner); ok {
		out.Certificates = c.Certificates()
		if out.Timestamp, err = c.Timestamp(sig); err != nil {
			return Signature{}, err
		}
	}
	return out, nil
}
