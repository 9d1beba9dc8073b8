package oci

import (
	"fmt"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"
)

// Mirrors are registries to read from in place of others, by the host of those. They are never written to, and what is
// in force is never asked of them where something is written after it: they may lag behind.
type Mirrors map[string][]Mirror

// A Mirror holds a registry's repositories, under the same names or below a prefix.
type Mirror struct{ host, prefix string }

// of returns where the mirror has r.
func (m Mirror) of(r Reference) Reference {
	r.host, r.repository = m.host, m.prefix+r.repository
	return r
}

// forMirror leaves out what is the registry's and none of a mirror's business.
func (o Options) forMirror() Options {
	o.TokenFile, o.Client = "", nil
	return o
}

// Set implements [flag.Value]: HOST=MIRROR[/PREFIX][,MIRROR...].
func (m Mirrors) Set(text string) error {
	host, list, ok := strings.Cut(text, "=")
	if _, err := name.NewRegistry(host, name.StrictValidation); !ok || err != nil || list == "" {
		return fmt.Errorf("want HOST=MIRROR[,MIRROR...], not %q", text)
	}
	for one := range strings.SplitSeq(list, ",") {
		r, err := parse(Scheme + strings.TrimSuffix(one, "/") + "/any:any")
		if err != nil || r.host == host {
			return fmt.Errorf("%q is no mirror of %q: want a registry's host, and a path if what is mirrored is below one", one, host)
		}
		prefix := strings.TrimSuffix(r.repository, "any")
		m[host] = append(m[host], Mirror{r.host, prefix})
	}
	return nil
}

// String implements [flag.Value].
func (m Mirrors) String() string { return "" }

// Type implements pflag's Value.
func (m Mirrors) Type() string { return "HOST=MIRROR" }
