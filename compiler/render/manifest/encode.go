package manifest

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"

	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/yaml"
)

// Encode returns obj in YAML: map keys sorted, and neither a status nor a time of creation, which only a cluster
// knows.
func Encode(path string, obj runtime.Object) (File, error) {
	data, err := json.Marshal(obj)
	if err != nil {
		return File{}, fmt.Errorf("encoding %s: %w", path, err)
	}
	return FromJSON(path, data)
}

// FromJSON is [Encode] for an object that is in JSON already.
func FromJSON(path string, data []byte) (File, error) {
	out, err := encode(data)
	if err != nil {
		return File{}, fmt.Errorf("encoding %s: %w", path, err)
	}
	return File{Path: path, Data: out}, nil
}

func encode(data []byte) ([]byte, error) {
	var fields, meta map[string]json.RawMessage
	if err := json.Unmarshal(data, &fields); err != nil {
		return nil, err
	}
	delete(fields, "status")
	if raw, ok := fields["metadata"]; ok {
		if err := json.Unmarshal(raw, &meta); err != nil {
			return nil, fmt.Errorf("metadata: %w", err)
		}
		delete(meta, "creationTimestamp")
		raw, err := json.Marshal(meta)
		if err != nil {
			return nil, fmt.Errorf("metadata: %w", err)
		}
		fields["metadata"] = raw
	}
	clean, err := json.Marshal(fields)
	if err != nil {
		return nil, err
	}
	return yaml.JSONToYAML(clean)
}

// Hash returns a short digest of text, to name or to mark what depends on it.
func Hash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:8])
}
