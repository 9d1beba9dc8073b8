package bundle

import (
	"encoding/json"
)

// formatVersion is the version this package writes and the newest it reads. It has to grow when a bundle
// that an older proxy would misread can be written; a field that is absent unless used needs no new version,
// since an older proxy refuses a field that it does not know.
const formatVersion = 1

// A manifest is manifest.json.
type manifest struct {
	FormatVersion int             `json:"formatVersion"`
	Environment   string          `json:"environment"`
	Serial        uint64          `json:"serial"`
	GitRevision   string          `json:"gitRevision,omitempty"`
	Files         map[string]file `json:"files"`
}

// A file is what the manifest says of another file.
type file struct {
	Digest string `json:"digest"` // "sha256:<hex>"
	Size   int    `json:"size"`
}

func fileOf(data []byte) file { return file{Digest(data), len(data)} }

// versionOf reads the one field that every version of a manifest has; 0 if there is none to read.
func versionOf(raw []byte) int {
	var m struct {
		FormatVersion int `json:"formatVersion"`
	}
	if json.Unmarshal(raw, &m) != nil {
		return 0
	}
	return m.FormatVersion
}

// admit compares the files of an archive with those the manifest names.
func (m *manifest) admit(files map[string]file) error {
	for _, name := range sortedKeys(files) {
		if _, ok := m.Files[name]; !ok && name != manifestFile && name != signatureFile {
			return refuse(FileUnlisted, "the bundle holds %.100q, which its manifest does not name", name)
		}
	}
	for _, name := range sortedKeys(m.Files) {
		got, ok := files[name]
		if !ok {
			return refuse(FileMissing, "the manifest names %.100q, which the bundle does not hold", name)
		}
		if want := m.Files[name]; got != want {
			return refuse(DigestDiffers, "%s is not the file the manifest names: it is %s of %d bytes, the manifest says %.80s of %d",
				name, got.Digest, got.Size, want.Digest, want.Size)
		}
	}
	for _, name := range []string{gatewayFile, positionsFile} {
		if _, ok := m.Files[name]; !ok {
			return refuse(FileMissing, "the manifest does not name %q", name)
		}
	}
	return nil
}
