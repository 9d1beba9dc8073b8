package bundle

import (
	"bytes"

	"gwc.dev/schema"
	"gwc.dev/schema/bundle/archive"
)

// Open returns the bundle in data if t admits it. The signature is verified before anything that it covers
// is decoded, and nothing that is not covered by one is held in memory: an archive is read through before it is
// unpacked. No input makes Open use more than a few times the stated bounds.
func Open(data []byte, t Trust) (*Bundle, error) {
	if t.Empty() && !t.InsecureSkipVerify {
		return nil, refuse(NoTrustedKey, "nobody is trusted, so no bundle can be verified")
	}
	l, err := list(data)
	if err != nil {
		return nil, err
	}
	switch f, ok := l.files[manifestFile]; {
	case !ok:
		return nil, refuse(ManifestMissing, "the archive holds no %s: it is not a bundle", manifestFile)
	case f.Size > maxManifest:
		return nil, refuse(Malformed, "%s has %d bytes, the most allowed is %d", manifestFile, f.Size, maxManifest)
	}
	raw := l.manifest
	// A later format may sign in another way, so its version is asked first. It is not trusted for more than
	// this message.
	if v := versionOf(raw); v > formatVersion {
		return nil, refuse(FutureFormat, "the bundle has format version %d, and %d is the newest known here: upgrade what reads it", v, formatVersion)
	}
	e, err := l.envelope()
	if err != nil {
		return nil, err
	}
	signers, by, err := t.verify(raw, e)
	if err != nil {
		return nil, err
	}
	m, err := decodeManifest(raw)
	if err != nil {
		return nil, err
	}
	if err := m.admit(l.files); err != nil {
		return nil, err
	}
	revision := Digest(raw)
	if err := t.admit(m, revision); err != nil {
		return nil, err
	}
	c, err := decodeContents(m, data)
	if err != nil {
		return nil, err
	}
	b := &Bundle{
		Contents:   *c,
		Revision:   revision,
		Signers:    signers,
		signatures: e.Signatures,
	}
	if by != nil {
		b.Verified, b.By = true, *by
	}
	// Sealing what was decoded once more settles every question of spelling: JSON's and tar's many ways to say
	// the same thing, the order of entries, the compressor.
	again, err := b.Encode()
	if err != nil {
		return nil, refuse(Malformed, "%v", err)
	}
	if !bytes.Equal(again, data) {
		return nil, refuse(NotCanonical, "the bundle is not spelled the way gwc writes it: it was packed by something else")
	}
	return b, nil
}

// Inspect returns the bundle in data without asking who signed it or whether it is the one to use: good for
// showing it, not for serving it. It is whole and consistent in itself, or refused.
func Inspect(data []byte) (*Bundle, error) {
	return Open(data, Trust{InsecureSkipVerify: true})
}

func decodeManifest(raw []byte) (*manifest, error) {
	var m manifest
	if err := schema.UnmarshalStrict(raw, &m); err != nil {
		return nil, refuse(Malformed, "%s: %.200v", manifestFile, err)
	}
	if m.FormatVersion != formatVersion {
		return nil, refuse(Malformed, "%s: there is no format version %d", manifestFile, m.FormatVersion)
	}
	return &m, nil
}

// decodeContents reads the files that the manifest binds, from an archive that holds them.
func decodeContents(m *manifest, data []byte) (*Contents, error) {
	unpacked, err := archive.Unpack(data, limits)
	if err != nil {
		return nil, err
	}
	files := make(map[string][]byte, len(unpacked))
	for _, f := range unpacked {
		files[f.Name] = f.Data
	}
	gateway, err := schema.Decode(files[gatewayFile])
	if err != nil {
		return nil, refuse(Malformed, "%s: %.200v", gatewayFile, err)
	}
	var positions map[string]string
	if err := schema.UnmarshalStrict(files[positionsFile], &positions); err != nil {
		return nil, refuse(Malformed, "%s: %.200v", positionsFile, err)
	}
	if gateway.Environment != m.Environment {
		return nil, refuse(Malformed, "the manifest is of environment %.100q, the model of %.100q", m.Environment, gateway.Environment)
	}
	return &Contents{m.Environment, m.Serial, m.GitRevision, gateway, positions}, nil
}
