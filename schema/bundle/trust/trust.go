// Package trust reads from files who is trusted to sign bundles.
//
// A file holds public keys in PEM, as cosign and openssl write them, or a document in YAML, of which JSON is a part:
//
//	keys:
//	  - file: old.pub            # beside the document
//	    expires: 2027-03-01      # to the end of the day, in UTC; or a time, as RFC 3339 has it
//	  - pem: |
//	      -----BEGIN PUBLIC KEY-----
//	      ...
//	identities:
//	  - issuer: https://token.actions.githubusercontent.com
//	    subject: https://github.com/acme/gateway/.github/workflows/release.yaml@refs/heads/main
//	authorities:                 # who gives identities their certificates: roots, and what they signed
//	  - file: fulcio.pem
//	timeAuthorities:             # who proves the time of signatures
//	  - file: tsa.pem
//
// An identity's subjectPattern and issuerPattern stand in place of subject and issuer: regular expressions that have to
// match the whole of it.
//
//	t, err := trust.Load("trust.yaml", "other.pub")
//
// A file of which any part cannot be read is an error, so that nobody is left out, or let in, without a word.
package trust

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"syscall"

	"gwc.dev/schema/bundle"
)

// maxFile bounds a file, in bytes. Kubernetes allows a ConfigMap as much.
const maxFile = 1 << 20

// Load returns whom files trust, all of them together.
func Load(files ...string) (bundle.Trust, error) {
	var all bundle.Trust
	for _, file := range files {
		t, err := load(file)
		if err != nil {
			return bundle.Trust{}, fmt.Errorf("reading trust %q: %w", file, err)
		}
		all.Add(t)
	}
	return all, nil
}

func load(file string) (bundle.Trust, error) {
	data, err := read(file)
	if err != nil {
		return bundle.Trust{}, err
	}
	return Parse(data, func(name string) ([]byte, error) {
		if !filepath.IsAbs(name) {
			name = filepath.Join(filepath.Dir(file), name)
		}
		data, err := read(name)
		if err != nil {
			return nil, fmt.Errorf("file %q: %w", name, err)
		}
		return data, nil
	})
}

func read(file string) ([]byte, error) {
	f, err := os.OpenFile(file, os.O_RDONLY|syscall.O_NONBLOCK, 0) // a pipe that nobody writes to would hold up who opens it
	if err != nil {
		return nil, reasonOf(err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, reasonOf(err)
	}
	if len(data) > maxFile {
		return nil, fmt.Errorf("it is larger than %d bytes", maxFile)
	}
	return data, nil
}

// reasonOf strips the path from an error that is going to be named with it.
func reasonOf(err error) error {
	if on, ok := errors.AsType[*fs.PathError](err); ok {
		return on.Err
	}
	return err
}

// armoured finds PEM where a file of it has it: at the beginning of a line. In a document it is indented.
var armoured = regexp.MustCompile(`(?m)^-----BEGIN `)

// Parse reads a file's data. open reads the files that a document refers to.
func Parse(data []byte, open func(name string) ([]byte, error)) (bundle.Trust, error) {
	if armoured.Match(data) {
		keys, err := bundle.ParsePublicKeys(data)
		return bundle.Trust{Keys: keys}, err
	}
	d, err := decode(data)
	if err != nil {
		return bundle.Trust{}, err
	}
	return d.trust(open)
}
