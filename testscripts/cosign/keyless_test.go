package cosign_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/registry"
)

// certified is how long a certificate lasts: long enough for a push.
const certified = 20 * time.Second

const (
	issuer  = "https://ci.example.com"
	subject = "https://ci.example.com/team/gateway@main"
)

// authority starts one that certifies identities and proves times, and returns its URL. Its certificates are in the team's
// directory.
func (to *team) authority(t *testing.T) string {
	t.Helper()
	serve := exec.Command(filepath.Join(bin, "authority"), to.dir, certified.String())
	if err := serve.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = serve.Process.Kill()
		_ = serve.Wait()
	})
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		if url, err := os.ReadFile(filepath.Join(to.dir, "url")); err == nil {
			return string(url)
		}
	}
	t.Fatal("the authority does not start")
	return ""
}

// trustedRoot has cosign write down whom it is to trust in a new directory, with the authorities of two teams.
func trustedRoot(t *testing.T, certifies, stamps *team) (dir string) {
	t.Helper()
	dir = t.TempDir()
	for name, from := range map[string]struct {
		*team
		files []string
	}{
		"ca.pem": {certifies, []string{"ca.pem"}}, "between.pem": {certifies, []string{"between.pem"}},
		"ca-chain.pem": {certifies, []string{"between.pem", "ca.pem"}}, "tsa-chain.pem": {stamps, []string{"stamper.pem", "tsa.pem"}},
	} {
		var chain []byte
		for _, file := range from.files {
			text, err := os.ReadFile(filepath.Join(from.dir, file))
			if err != nil {
				t.Fatal(err)
			}
			chain = append(chain, text...)
		}
		if err := os.WriteFile(filepath.Join(dir, name), chain, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	run(t, dir, "cosign", "trusted-root", "create", "--fulcio", "url=https://fulcio.example.com,certificate-chain=ca-chain.pem",
		"--tsa", "url=https://tsa.example.com/api/v1/timestamp,certificate-chain=tsa-chain.pem", "--out", "root.json")
	return dir
}

// TestCosignVerifiesAnIdentity holds that cosign knows who signed without a key, by a trusted root of its own making, in
// either form and with the provenance, and takes nobody else for them.
func TestCosignVerifiesAnIdentity(t *testing.T) {
	to, other := newTeam(t, registry.WithReferrersSupport(true)), &team{dir: t.TempDir()}
	url := to.authority(t)
	other.authority(t)
	root, otherCA, otherTSA := trustedRoot(t, to, to), trustedRoot(t, other, to), trustedRoot(t, to, other)
	if err := os.WriteFile(filepath.Join(to.dir, "token"), []byte(token), 0o600); err != nil {
		t.Fatal(err)
	}
	trust := fmt.Sprintf("identities: [{issuer: %q, subject: %q}]\nauthorities: [{file: ca.pem}]\ntimeAuthorities: [{file: tsa.pem}]\n", issuer, subject)
	if err := os.WriteFile(filepath.Join(to.dir, "trust.yaml"), []byte(trust), 0o600); err != nil {
		t.Fatal(err)
	}
	ref := to.run(t, "gwc", "push", "environments/production", "oci://"+to.registry+"/team/gateway", "--trust", "trust.yaml",
		"--fulcio-url", url, "--identity-token", "token", "--timestamp-url", url+"/timestamp")
	pushed := time.Now()
	ref = strings.TrimPrefix(strings.TrimSpace(ref), "oci://")

	verify := func(dir, who, by string, args ...string) (string, error) {
		_, said, err := try(dir, "cosign", append(args, "--certificate-identity", who, "--certificate-oidc-issuer", by, ref)...)
		return said, err
	}
	// What docs/deliver.md has.
	flags := []string{"--use-signed-timestamps", "--insecure-ignore-tlog=true", "--insecure-ignore-sct=true"}
	forms := map[string][]string{
		"version 3":  {"verify", "--trusted-root", "root.json"},
		"provenance": {"verify-attestation", "--type", "slsaprovenance1", "--trusted-root", "root.json"},
		// Cosign 3 calls these flags deprecated.
		"before": {"verify", "--new-bundle-format=false", "--ca-roots", "ca.pem", "--ca-intermediates", "between.pem",
			"--timestamp-certificate-chain", "tsa-chain.pem"},
	}
	for form, args := range forms {
		all := slices.Concat(args, flags)
		if said, err := verify(root, subject, issuer, all...); err != nil {
			t.Errorf("%s: %v: %s", form, err, said)
		}
		for name, tt := range map[string]struct{ dir, subject, issuer, want string }{
			"another subject":        {root, subject + "2", issuer, "identit(y|ies)"},
			"another issuer":         {root, subject, issuer + ".example.org", "identit(y|ies)"},
			"another authority":      {otherCA, subject, issuer, "leaf certificate|unknown authority"},
			"another time authority": {otherTSA, subject, issuer, "does not match the provided TSA certificate"},
		} {
			if said, err := verify(tt.dir, tt.subject, tt.issuer, all...); err == nil {
				t.Errorf("%s: %s is taken", form, name)
			} else if !regexp.MustCompile("Error: no matching .*(" + tt.want + ")").MatchString(said) {
				t.Errorf("%s: %s is refused for another reason: %s", form, name, said)
			}
		}
	}

	// Once the certificate has expired the timestamp counts, and each flag is needed; in the older form the certificates that
	// timestamps are verified with say as much as the first.
	time.Sleep(time.Until(pushed.Add(certified + time.Second)))
	for form, args := range forms {
		if said, err := verify(root, subject, issuer, slices.Concat(args, flags)...); err != nil {
			t.Errorf("%s, later: %v: %s", form, err, said)
		}
		for i, flag := range flags {
			if form == "before" && i == 0 {
				continue
			}
			if _, err := verify(root, subject, issuer, slices.Concat(args, flags[:i], flags[i+1:])...); err == nil {
				t.Errorf("%s: it is taken without %s", form, flag)
			}
		}
	}
}

// token is an identity token of the issuer for the subject, signed by nobody: {"alg":"none"}.
const token = "eyJhbGciOiJub25lIn0.eyJpc3MiOiJodHRwczovL2NpLmV4YW1wbGUuY29tIiwic3ViIjoiaHR0cHM6Ly9jaS5leGFtcGxlLmNvbS90ZWFtL2dhdGV3YXlAbWFpbiJ9."
