package main

import (
	"fmt"
	"os"
	"strings"

	"gwc.dev/compiler/routetest"
)

// signers reads the values of --signing-key, each ISSUER=FILE. An issuer's name has no query (RFC 8414, section 2), so that
// the first '=' ends it.
func signers(values []string) (map[string]*routetest.Signer, error) {
	out := map[string]*routetest.Signer{}
	for _, value := range values {
		issuer, file, ok := strings.Cut(value, "=")
		switch {
		case !ok || issuer == "" || file == "":
			return nil, fmt.Errorf("--signing-key: %q is not ISSUER=FILE", value)
		case out[issuer] != nil:
			return nil, fmt.Errorf("--signing-key: issuer %q is named twice", issuer)
		}
		data, err := os.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("--signing-key: %w", err)
		}
		if out[issuer], err = routetest.ReadSigner(data); err != nil {
			return nil, fmt.Errorf("--signing-key: reading %q: %w", file, err)
		}
	}
	return out, nil
}
