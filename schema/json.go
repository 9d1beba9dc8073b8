package schema

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"maps"
	"slices"
)

// Encode returns g in canonical JSON. Equal models have equal bytes.
func (g *Gateway) Encode() ([]byte, error) {
	out, err := MarshalCanonical(g)
	if err != nil {
		return nil, fmt.Errorf("encoding the model: %w", err)
	}
	return out, nil
}

// MarshalCanonical returns v in canonical JSON: fields in the order of the types, map keys sorted, no insignificant
// white space, no HTML escapes, one newline at the end.
func MarshalCanonical(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// Decode reads one model from JSON. It refuses fields that it does not know and anything after the model.
func Decode(data []byte) (*Gateway, error) {
	var g Gateway
	if err := UnmarshalStrict(data, &g); err != nil {
		return nil, fmt.Errorf("decoding the model: %w", err)
	}
	return &g, nil
}

// UnmarshalStrict reads one value from JSON. It refuses fields that it does not know and anything after the value.
func UnmarshalStrict(data []byte, v any) error {
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(v); err != nil {
		return err
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return errors.New("data after the end")
	}
	return nil
}

// Sorted yields a map's entries in the order of their keys.
func Sorted[V any](m map[string]V) iter.Seq2[string, V] {
	return func(yield func(string, V) bool) {
		names := slices.AppendSeq(make([]string, 0, len(m)), maps.Keys(m))
		slices.Sort(names)
		for _, k := range names {
			if !yield(k, m[k]) {
				return
			}
		}
	}
}

// JSON is a JSON value of any kind in canonical form: object keys sorted, no insignificant white space.
type JSON []byte

// MarshalJSON returns j itself; an empty one is null.
func (j JSON) MarshalJSON() ([]byte, error) {
	if len(j) == 0 {
		return []byte("null"), nil
	}
	return j, nil
}

// UnmarshalJSON keeps data in canonical form.
func (j *JSON) UnmarshalJSON(data []byte) error {
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil {
		return err
	}
	out, err := MarshalCanonical(v)
	if err != nil {
		return err
	}
	*j = bytes.TrimSuffix(out, []byte("\n"))
	return nil
}
