package main

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"gwc.dev/schema/bundle"
	"gwc.dev/schema/bundle/key"
)

// TestTheDocumentSaysHowLongTheSignerIsTrusted holds that an end which a document gives the key that signs is not undone by
// signing with it.
func TestTheDocumentSaysHowLongTheSignerIsTrusted(t *testing.T) {
	dir := t.TempDir()
	write := func(name string, data []byte) string {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, data, 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	var keys []*key.Private
	for _, name := range []string{"old.pub", "next.pub"} {
		k, err := key.Generate(key.ECDSA)
		if err != nil {
			t.Fatal(err)
		}
		keys = append(keys, k)
		write(name, k.Public().Marshal())
	}
	end := time.Date(2099, 1, 1, 0, 0, 0, 0, time.UTC)
	both := write("both.yaml", []byte("keys: [{file: old.pub, expires: 2099-01-01T00:00:00Z}, {file: next.pub}]"))
	next := write("next.yaml", []byte("keys: [{file: next.pub}]"))
	for name, test := range map[string]struct {
		files []string
		want  time.Time
	}{
		"a document that names it":   {[]string{both}, end},
		"a document that does not":   {[]string{next}, time.Time{}},
		"no document":                {nil, time.Time{}},
		"one that does, and one not": {[]string{next, both}, end},
	} {
		trusted, err := trusting(keys[0], test.files)
		if err != nil {
			t.Fatal(err)
		}
		var found []bundle.PublicKey
		for _, k := range trusted.Keys {
			if k.ID() == keys[0].Public().ID() {
				found = append(found, k)
			}
		}
		if len(found) != 1 || !found[0].Expires.Equal(test.want) {
			t.Errorf("%s: the signer is trusted as %+v, want one key, until %v", name, found, test.want)
		}
	}
}
