package bundle

import (
	"errors"
	"fmt"

	"gwc.dev/schema/bundle/archive"
)

// A Refusal is a reason why a bundle is not used; errors of [Open] unwrap to one, or to an [archive.Fault].
// Its text is one stable word, fit for a metric's label.
type Refusal string

// The refusals. Those about the container are package archive's.
const (
	NoTrustedKey         Refusal = "no-trusted-key"        // Trust names nobody: a mistake of the caller's
	ManifestMissing      Refusal = "manifest-missing"      // an archive, but not a bundle
	FutureFormat         Refusal = "future-format"         // written by a newer gwc
	Unsigned             Refusal = "unsigned"              // no signature, or it was stripped
	UnknownKey           Refusal = "unknown-key"           // signed, by none of the trusted keys
	UnknownIdentity      Refusal = "unknown-identity"      // signed with a certificate of somebody who is not trusted
	UntrustedCertificate Refusal = "untrusted-certificate" // signed with a certificate of no trusted authority
	ExpiredCertificate   Refusal = "expired-certificate"   // signed with a certificate outside the time that it is valid for
	TimestampInvalid     Refusal = "timestamp-invalid"     // a timestamp that does not prove when it was signed
	ExpiredTrust         Refusal = "expired-trust"         // signed by one whose trust has ended
	SignatureInvalid     Refusal = "signature-invalid"     // a signature that does not fit the manifest
	TooManySignatures    Refusal = "too-many-signatures"   // none counts of as many as are looked at, and there are more
	FileUnlisted         Refusal = "file-unlisted"         // a file that the manifest does not name
	FileMissing          Refusal = "file-missing"          // a file that should be there and is not
	DigestDiffers        Refusal = "digest-differs"        // a file that is not the one the manifest names
	WrongEnvironment     Refusal = "wrong-environment"     // for another environment
	OlderSerial          Refusal = "older-serial"          // older than the one in force
	SerialReused         Refusal = "serial-reused"         // the serial in force, with other content
	Malformed            Refusal = "malformed"             // authentic, and yet no valid manifest or model
	NotCanonical         Refusal = "not-canonical"         // not spelled as Seal spells it
)

// Error returns the word.
func (r Refusal) Error() string { return string(r) }

// Reason returns the word.
func (r Refusal) Reason() string { return string(r) }

// Reason returns the stable word of a refusal by [Open]; "" if err is none.
func Reason(err error) string {
	var r interface{ Reason() string }
	if errors.As(err, &r) {
		return r.Reason()
	}
	return ""
}

// Damaged reports whether [Open] refused what is no whole archive, as a transfer may leave it that was cut off.
func Damaged(err error) bool {
	_, damaged := errors.AsType[archive.Fault](err)
	return damaged
}

// A refused is a refusal with what was found.
type refused struct {
	refusal Refusal
	text    string
}

// Refuse returns an error that unwraps to r, for packages that look at other signatures by the same trust.
func Refuse(r Refusal, text string) error { return &refused{r, text} }

func refuse(r Refusal, format string, args ...any) error {
	return &refused{r, fmt.Sprintf(format, args...)}
}

func (r *refused) Error() string { return r.text }
func (r *refused) Unwrap() error { return r.refusal }
