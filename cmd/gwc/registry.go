package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"gwc.dev/schema/bundle/oci"
)

// registryFlags say how to speak to a registry.
type registryFlags struct {
	plainHTTP bool
	ca        string
	cert, key string
	mirrors   oci.Mirrors
	retry     func(error, time.Duration)
}

// add defines the flags of a verb that looks at what it is pointed at.
func (f *registryFlags) add(cmd *cobra.Command) {
	f.addDirect(cmd)
	f.mirrors = oci.Mirrors{}
	cmd.Flags().Var(f.mirrors, "registry-mirror", "pull from these registries in place of another where they have it, HOST=MIRROR[,MIRROR...]; may be repeated")
}

// addDirect defines the flags of a verb that changes what is in a registry, or says what is in force there: it asks no mirror.
func (f *registryFlags) addDirect(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&f.plainHTTP, "plain-http", false, "speak HTTP without TLS to the registry")
	cmd.Flags().StringVar(&f.ca, "registry-ca", "", "a file with certificates (PEM) that the registry may have beside those that the system trusts")
	cmd.Flags().StringVar(&f.cert, "registry-cert", "", "a file with the client certificate (PEM) that the registry asks for")
	cmd.Flags().StringVar(&f.key, "registry-key", "", "a file with the key (PEM) of --registry-cert")
	cmd.PreRunE = func(*cobra.Command, []string) error {
		if (f.cert == "") != (f.key == "") {
			return errors.New("--registry-cert and --registry-key go together: a client certificate and its key")
		}
		return nil
	}
	f.retry = func(err error, wait time.Duration) {
		fmt.Fprintf(cmd.ErrOrStderr(), "%v: again in %v\n", err, wait.Round(time.Second))
	}
}

func (f registryFlags) options() oci.Options {
	o := oci.Options{PlainHTTP: f.plainHTTP, Mirrors: f.mirrors, Retry: f.retry}
	if f.ca != "" {
		o.Transport = oci.Transport(f.ca)
	}
	if f.cert != "" {
		o.Client = oci.NewClient(f.ca, f.cert, f.key)
	}
	return o
}
