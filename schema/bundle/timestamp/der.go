package timestamp

import (
	"encoding/asn1"
	"fmt"
)

// maxDepth bounds how deep a token nests. One with its certificates has about fifteen levels.
const maxDepth = 32

// distinguished reports why data is not DER all the way down, as RFC 3161 wants it. The reader of tokens takes BER too, at a
// cost that grows with the square of how deep it nests.
func distinguished(data []byte) error { return within(data, maxDepth) }

func within(data []byte, depth int) error {
	for rest := data; len(rest) > 0; {
		var v asn1.RawValue
		var err error
		if rest, err = asn1.Unmarshal(rest, &v); err != nil {
			return err
		}
		if !v.IsCompound {
			continue
		}
		if depth == 0 {
			return fmt.Errorf("it nests more than %d levels deep", maxDepth)
		}
		if err := within(v.Bytes, depth-1); err != nil {
			return err
		}
	}
	return nil
}
