package key_test

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gwc.dev/schema/bundle"
	"gwc.dev/schema/bundle/key"
)

func TestWriteFilesWritesAPair(t *testing.T) {
	dir := t.TempDir()
	private, public := filepath.Join(dir, "gwc.key"), filepath.Join(dir, "gwc.pub")
	k := generate(t, key.ECDSA)
	if err := key.WriteFiles(private, public, k, []byte("pw"), false); err != nil {
		t.Fatal(err)
	}
	back, err := key.Load(private, []byte("pw"))
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(public)
	if err != nil {
		t.Fatal(err)
	}
	keys, err := bundle.ParsePublicKeys(text)
	if err != nil {
		t.Fatal(err)
	}
	if back.Public().ID() != k.Public().ID() || keys[0].ID() != k.Public().ID() {
		t.Error("other keys came back")
	}
	info, err := os.Stat(private)
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode().Perm() != 0o600 {
		t.Errorf("the private key has mode %v", info.Mode())
	}
}

func TestAnExistingKeyIsNotOverwritten(t *testing.T) {
	for _, existing := range []string{"gwc.key", "gwc.pub"} {
		t.Run(existing, func(t *testing.T) {
			dir := t.TempDir()
			private, public := filepath.Join(dir, "gwc.key"), filepath.Join(dir, "gwc.pub")
			old := filepath.Join(dir, existing)
			if err := os.WriteFile(old, []byte("old"), 0o600); err != nil {
				t.Fatal(err)
			}
			k := generate(t, key.Ed25519)
			err := key.WriteFiles(private, public, k, nil, false)
			if !errors.Is(err, fs.ErrExist) || !strings.Contains(err.Error(), old) {
				t.Errorf("error %v, want one that names %s", err, old)
			}
			if got, _ := os.ReadFile(old); string(got) != "old" {
				t.Errorf("it is now %q", got)
			}
			if entries, _ := os.ReadDir(dir); len(entries) != 1 {
				t.Errorf("half a pair was left: %v", entries)
			}
			if err := key.WriteFiles(private, public, k, nil, true); err != nil {
				t.Fatal(err)
			}
			if got, _ := os.ReadFile(public); !bytes.Equal(got, k.Public().Marshal()) {
				t.Error("force did not replace the pair")
			}
		})
	}
}

func TestLoadNamesTheFile(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "gwc.key")
	if err := os.WriteFile(file, marshal(t, generate(t, key.ECDSA), "right"), 0o600); err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct {
		file string
		is   error
	}{
		"wrong password": {file, key.ErrPassword},
		"not there":      {filepath.Join(dir, "none.key"), fs.ErrNotExist},
		"a directory":    {dir, nil},
	}
	for name, tt := range tests {
		_, err := key.Load(tt.file, []byte("wrong"))
		if err == nil || tt.is != nil && !errors.Is(err, tt.is) || strings.Count(err.Error(), tt.file) != 1 {
			t.Errorf("%s: %v", name, err)
		}
	}
}
