// Package bundle is the sealed form of one compiled environment: what gwc builds and signs, what a registry
// or a disk holds, and what a proxy opens.
//
// A bundle is a gzip tar of
//
//	manifest.json   format version, environment, serial, git revision, digest and size of the next two
//	gateway.json    the resolved model
//	positions.json  model path -> "file:line:col" in the user's source
//	signature.json  a DSSE envelope over manifest.json; absent while nobody has signed
//
// The manifest binds the other files by digest, so a signature over the manifest holds for everything. The
// revision of a bundle is the digest of its manifest.json, not of the file: signing again, with a second key
// or a new one, changes who vouches for a configuration and not which configuration it is.
//
// [Seal] is reproducible: the same contents and key give the same bytes on any machine and with any Go
// release, which is why the container has its own compressor (package archive) and signatures are
// deterministic. There is one spelling of every bundle and [Open] takes no other.
//
//	data, err := bundle.Seal(contents, signer)
//	b, err := bundle.Open(data, bundle.Trust{Keys: keys, Environment: "production", MinSerial: inForce})
//
// Open fails closed. What it refuses it names: [Reason] gives the one stable word for logs and metrics, and
// errors.Is finds the [Refusal].
//
// Who is trusted is a set of keys, and of identities to which certificates give keys that last for minutes; [Trust]
// says until when. Package trust reads it from files.
//
// The package is linked by the proxy, so it needs no more than the standard library, package schema and a reader of
// timestamps. Private keys are package key's, certificates for signing package keyless's, registries package oci's.
package bundle

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"slices"

	"gwc.dev/schema"
	"gwc.dev/schema/bundle/archive"
)

// Bounds of a bundle. An archive beyond them is refused before it is held in memory whole.
const (
	MaxSize     = 64 << 20  // bytes of the file
	MaxUnpacked = 256 << 20 // bytes of the tar in it
	maxFiles    = 16
)

// MediaType is the type of a bundle's bytes, in a registry and over HTTP.
const MediaType = "application/vnd.gwc.bundle.v1.tar+gzip"

// Names of the files.
const (
	manifestFile  = "manifest.json"
	gatewayFile   = "gateway.json"
	positionsFile = "positions.json"
	signatureFile = "signature.json"
)

// Contents are what a bundle says.
type Contents struct {
	Environment string
	Serial      uint64 // grows with every build that goes out; a proxy refuses to go back
	GitRevision string // may be empty
	Gateway     *schema.Gateway
	Positions   map[string]string // schema.Path -> "file:line:col"
}

// Position returns where the user wrote what stands at path, or the nearest thing around it; "" if nothing
// is known.
func (c *Contents) Position(path schema.Path) string {
	for ; path != ""; path = path.Parent() {
		if pos, ok := c.Positions[string(path)]; ok {
			return pos
		}
	}
	return c.Positions[""]
}

// A Bundle is an opened bundle.
type Bundle struct {
	Contents
	Revision   string      // "sha256:<hex>" of manifest.json
	Verified   bool        // the signature of one who is trusted holds
	By         Signatory   // who that is; zero unless Verified
	Signers    []Signatory // all whom the file names, whether or not they count
	signatures []Signature
}

// Encode returns the bundle's bytes: those it was opened from, unless Contents was changed since.
func (b *Bundle) Encode() ([]byte, error) { return encode(b.Contents, b.signatures) }

// Seal returns the bundle of c, signed by s; a nil s leaves it unsigned.
func Seal(c Contents, s Signer) ([]byte, error) {
	var signatures []Signature
	if s != nil {
		manifest, _, err := c.files()
		if err == nil {
			signatures, err = countersign(nil, manifest, s)
		}
		if err != nil {
			return nil, fmt.Errorf("sealing %q: %w", c.Environment, err)
		}
	}
	data, err := encode(c, signatures)
	if err != nil {
		return nil, fmt.Errorf("sealing %q: %w", c.Environment, err)
	}
	// Nothing goes out that would be refused: too large, or with text that JSON cannot carry.
	if _, err := Inspect(data); err != nil {
		return nil, fmt.Errorf("sealing %q: %w", c.Environment, err)
	}
	return data, nil
}

// Sign returns the bundle in data with a signature by s beside those it has; s's own is replaced. The
// revision stays. Sign verifies nothing but that the bundle is whole: who signs vouches for it.
func Sign(data []byte, s Signer) ([]byte, error) {
	b, err := Inspect(data)
	if err != nil {
		return nil, fmt.Errorf("signing: %w", err)
	}
	manifest, _, err := b.files()
	if err != nil {
		return nil, fmt.Errorf("signing: %w", err)
	}
	if b.signatures, err = countersign(b.signatures, manifest, s); err != nil {
		return nil, fmt.Errorf("signing: %w", err)
	}
	return b.Encode()
}

// encode returns the one spelling of a bundle.
func encode(c Contents, signatures []Signature) ([]byte, error) {
	manifest, files, err := c.files()
	if err != nil {
		return nil, err
	}
	files = append([]archive.File{{Name: manifestFile, Data: manifest}}, files...)
	if len(signatures) > 0 {
		sealed, err := encodeEnvelope(manifest, signatures)
		if err != nil {
			return nil, err
		}
		files = append(files, archive.File{Name: signatureFile, Data: sealed})
	}
	return archive.Pack(files)
}

// files returns manifest.json and the files that it binds.
func (c *Contents) files() (raw []byte, bound []archive.File, err error) {
	if c.Gateway == nil {
		return nil, nil, errors.New("there is no model")
	}
	if c.Environment != c.Gateway.Environment {
		return nil, nil, fmt.Errorf("the model is of environment %q", c.Gateway.Environment)
	}
	gateway, err := c.Gateway.Encode()
	if err != nil {
		return nil, nil, err
	}
	positions := []byte("{}\n")
	if len(c.Positions) > 0 {
		if positions, err = schema.MarshalCanonical(c.Positions); err != nil {
			return nil, nil, err
		}
	}
	raw, err = schema.MarshalCanonical(manifest{
		FormatVersion: formatVersion,
		Environment:   c.Environment,
		Serial:        c.Serial,
		GitRevision:   c.GitRevision,
		Files:         map[string]file{gatewayFile: fileOf(gateway), positionsFile: fileOf(positions)},
	})
	return raw, []archive.File{{Name: gatewayFile, Data: gateway}, {Name: positionsFile, Data: positions}}, err
}

// Digest returns the digest of data as it stands in manifests and revisions: "sha256:<hex>".
func Digest(data []byte) string {
	sum := sha256.Sum256(data)
	return "sha256:" + hex.EncodeToString(sum[:])
}

// sortedKeys returns m's keys in order.
func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
