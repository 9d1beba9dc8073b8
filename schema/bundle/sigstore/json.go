package sigstore

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
)

// maxDepth bounds how deep JSON nests that is read here.
const maxDepth = 100

// decode reads JSON that has one meaning: an object which names a thing twice is read by some as the first and by others as
// the last.
func decode(data []byte, v any) error {
	if err := unambiguous(json.NewDecoder(bytes.NewReader(data)), maxDepth); err != nil {
		return err
	}
	return json.Unmarshal(data, v)
}

func unambiguous(dec *json.Decoder, depth int) error {
	token, err := dec.Token()
	if err != nil {
		return err
	}
	open, ok := token.(json.Delim)
	switch {
	case !ok:
		return nil
	case depth == 0:
		return fmt.Errorf("it nests more than %d levels deep", maxDepth)
	}
	names := map[string]bool{}
	for dec.More() {
		if open == '{' {
			token, err := dec.Token()
			if err != nil {
				return err
			}
			name, ok := token.(string)
			if !ok {
				return errors.New("a name is missing")
			}
			if names[name] {
				return fmt.Errorf("it has %.100q twice", name)
			}
			names[name] = true
		}
		if err := unambiguous(dec, depth-1); err != nil {
			return err
		}
	}
	_, err = dec.Token()
	return err
}
