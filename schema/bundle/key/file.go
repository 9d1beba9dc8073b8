package key

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"gwc.dev/schema/bundle/atomic"
)

// maxFile bounds a key's file. One of ours has about 650 bytes.
const maxFile = 1 << 20

// Load reads the private key in file.
func Load(file string, password []byte) (*Private, error) {
	data, err := read(file)
	if err != nil {
		return nil, err
	}
	k, err := Parse(data, password)
	if err != nil {
		return nil, fmt.Errorf("reading private key %q: %w", file, err)
	}
	return k, nil
}

// WriteFiles writes k, encrypted under password, to private and its public half to public, both or neither. A
// file that is there already is an error, [fs.ErrExist], and stays, since a lost private key cannot be had
// again; unless force is set, when each is replaced, the private one first.
func WriteFiles(private, public string, k *Private, password []byte, force bool) error {
	for _, file := range []string{private, public} {
		if _, err := os.Lstat(file); err == nil && !force {
			return refuseOverwrite(fmt.Errorf("writing %q: %w", file, fs.ErrExist)) // before the costly encryption
		}
	}
	sealed, err := k.Marshal(password)
	if err != nil {
		return err
	}
	if force {
		if err := atomic.WriteFile(private, sealed, 0o600); err != nil {
			return err
		}
		return atomic.WriteFile(public, k.Public().Marshal(), 0o644)
	}
	// The public file comes first: alone it does no harm, and it is known to be ours if it has to go again.
	if err := atomic.CreateFile(public, k.Public().Marshal(), 0o644); err != nil {
		return refuseOverwrite(err)
	}
	if err := atomic.CreateFile(private, sealed, 0o600); err != nil {
		return errors.Join(refuseOverwrite(err), os.Remove(public))
	}
	return nil
}

func refuseOverwrite(err error) error {
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%w: choose another name, or force it to be replaced", err)
	}
	return err
}

func read(file string) ([]byte, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, fmt.Errorf("reading private key %q: %w", file, reasonOf(err))
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, fmt.Errorf("reading private key %q: %w", file, reasonOf(err))
	}
	if len(data) > maxFile {
		return nil, fmt.Errorf("reading private key %q: it is larger than any key", file)
	}
	return data, nil
}

// reasonOf strips the path from an error that is going to be named with it.
func reasonOf(err error) error {
	var on *fs.PathError
	if errors.As(err, &on) {
		return on.Err
	}
	return err
}
