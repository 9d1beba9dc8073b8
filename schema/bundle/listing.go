package bundle

import (
	"crypto/sha256"
	"encoding/hex"
	"io"

	"gwc.dev/schema/bundle/archive"
)

// limits bound a bundle's archive.
var limits = archive.Limits{Packed: MaxSize, Unpacked: MaxUnpacked, Files: maxFiles}

// A listing is what an archive holds. Nobody has vouched for it yet, and a small archive may unpack to much, so
// nothing of it is kept but who vouches for what.
type listing struct {
	files      map[string]file
	manifest   []byte // cut off one byte beyond its bound
	signatures []byte // the same
}

// keeps is how many bytes of a file are kept.
var keeps = map[string]int64{manifestFile: maxManifest + 1, signatureFile: maxSignature + 1}

// list reads an archive through. One that it lists can be unpacked.
func list(data []byte) (*listing, error) {
	l := &listing{files: map[string]file{}}
	err := archive.Walk(data, limits, func(name string, _ int64, content io.Reader) error {
		sum := sha256.New()
		kept, err := io.ReadAll(io.TeeReader(io.LimitReader(content, keeps[name]), sum))
		if err != nil {
			return err
		}
		rest, err := io.Copy(sum, content)
		if err != nil {
			return err
		}
		switch name {
		case manifestFile:
			l.manifest = kept
		case signatureFile:
			l.signatures = kept
		}
		l.files[name] = file{"sha256:" + hex.EncodeToString(sum.Sum(nil)), len(kept) + int(rest)}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return l, nil
}

// envelope returns the signatures; none: the zero envelope.
func (l *listing) envelope() (envelope, error) {
	switch f, ok := l.files[signatureFile]; {
	case !ok:
		return envelope{}, nil
	case f.Size > maxSignature:
		return envelope{}, refuse(SignatureInvalid, "%s has %d bytes, the most allowed is %d", signatureFile, f.Size, maxSignature)
	}
	return decodeEnvelope(l.signatures)
}
