package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
)

// packages are Debian's, by the program that is looked for.
var packages = []struct{ program, name string }{
	{"nginx", "nginx"}, {"haproxy", "haproxy"}, {"wrk", "wrk"}, {"h2load", "nghttp2-client"}, {"taskset", "util-linux"},
}

// installScript installs its arguments. Debian starts the services that it installs, unless policy-rc.d forbids it.
const installScript = `set -e
policy=/usr/sbin/policy-rc.d
if ! [ -e $policy ]; then
	trap 'rm -f $policy' EXIT
	printf '#!/bin/sh\nexit 101\n' > $policy
	chmod +x $policy
fi
apt-get update -qq
DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@"`

// install installs the packages that are missing, or says which they are.
func install(ctx context.Context) error {
	var missing []string
	for _, p := range packages {
		if _, err := exec.LookPath(p.program); err != nil {
			missing = append(missing, p.name)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	if os.Geteuid() != 0 {
		return fmt.Errorf("packages are missing: install %s", strings.Join(missing, ", "))
	}
	cmd := exec.CommandContext(ctx, "sh", append([]string{"-c", installScript, "install"}, missing...)...)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("installing %s: %w\n%s", strings.Join(missing, ", "), err, out)
	}
	return nil
}
