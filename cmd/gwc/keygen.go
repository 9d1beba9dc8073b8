package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"gwc.dev/schema/bundle/key"
)

// passwordVariable holds the password of private keys, for machines.
const passwordVariable = "GWC_PASSWORD"

func (a *app) keygenCommand() *cobra.Command {
	var (
		out, kind string
		force     bool
	)
	cmd := &cobra.Command{
		Use:   "keygen",
		Short: "Make a key pair for signing bundles",
		Long: `Make a key pair for signing bundles, in the files that cosign uses: NAME.key is the private key, encrypted with a
password, and NAME.pub the public key. The password comes from GWC_PASSWORD, or is asked for on a terminal.`,
		Example: `  gwc keygen -o gateway`,
		Args:    exactly(0),
		RunE: func(*cobra.Command, []string) error {
			k, err := key.Generate(key.Kind(kind))
			if err != nil {
				return fmt.Errorf("--type: %w", err)
			}
			password, err := a.password("password for "+out+".key: ", true)
			if err != nil {
				return err
			}
			err = key.WriteFiles(out+".key", out+".pub", k, password, force)
			if errors.Is(err, fs.ErrExist) {
				return fmt.Errorf("%s.key or %s.pub is there already: name another pair with -o, or replace it with --force", out, out)
			}
			return err
		},
	}
	cmd.Flags().StringVarP(&out, "output", "o", "gwc", "the pair's name: NAME.key and NAME.pub")
	cmd.Flags().StringVar(&kind, "type", string(key.ECDSA), "the kind of key: ecdsa-p256 (cosign's) or ed25519")
	cmd.Flags().BoolVar(&force, "force", false, "replace files that are there")
	return cmd
}

// password returns the password of a private key, from the environment or a terminal.
func (a *app) password(prompt string, twice bool) ([]byte, error) {
	if v, ok := a.getenv(passwordVariable); ok {
		return []byte(v), nil
	}
	in, ok := a.in.(*os.File)
	if !ok || !term.IsTerminal(int(in.Fd())) {
		return nil, fmt.Errorf("no password: set %s (to nothing for a key without one)", passwordVariable)
	}
	first, err := a.ask(in, prompt)
	if err != nil || !twice {
		return first, err
	}
	second, err := a.ask(in, "again: ")
	if err != nil {
		return nil, err
	}
	if string(first) != string(second) {
		return nil, errors.New("the two passwords differ")
	}
	return first, nil
}

func (a *app) ask(in *os.File, prompt string) ([]byte, error) {
	fmt.Fprint(a.err, prompt)
	defer io.WriteString(a.err, "\n")
	return term.ReadPassword(int(in.Fd()))
}

// privateKey reads the key that --key names.
func (a *app) privateKey(file string) (*key.Private, error) {
	if _, err := os.Stat(file); err != nil {
		return nil, fmt.Errorf("--key: %w; \"gwc keygen\" makes a pair", err)
	}
	password, err := a.password("password for "+file+": ", false)
	if err != nil {
		return nil, err
	}
	k, err := key.Load(file, password)
	if errors.Is(err, key.ErrPassword) {
		return nil, fmt.Errorf("%w; it is taken from %s, or asked for on a terminal", err, passwordVariable)
	}
	return k, err
}
