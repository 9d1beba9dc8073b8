package bundle

import "gwc.dev/schema/bundle/archive"

// Bounds of what is read of a bundle before anybody has vouched for it. A manifest names three files, and an
// envelope holds the manifest and a few signatures.
const (
	maxManifest  = 64 << 10
	maxSignature = 256 << 10
)

// A Label is what a bundle says of itself. Nobody has vouched for it: it is good for a log.
type Label struct {
	Revision    string
	Environment string
	Serial      uint64
	GitRevision string
}

// ReadLabel returns the label of the bundle in data; the zero Label of what has none. It reads the manifest and
// nothing else, so that a bundle that is refused costs no more than that.
func ReadLabel(data []byte) Label {
	first, err := archive.First(data, maxManifest)
	if err != nil || first.Name != manifestFile {
		return Label{}
	}
	m, err := decodeManifest(first.Data)
	if err != nil {
		return Label{}
	}
	return Label{Digest(first.Data), m.Environment, m.Serial, m.GitRevision}
}
