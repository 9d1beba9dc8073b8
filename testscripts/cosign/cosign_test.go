// Package cosign_test has cosign itself verify what gwc pushes.
package cosign_test

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/registry"
)

// bin holds the commands.
var bin string

func TestMain(m *testing.M) {
	os.Exit(func() int {
		var err error
		if bin, err = os.MkdirTemp("", "gwc-cosign-"); err != nil {
			log.Fatal(err)
		}
		defer os.RemoveAll(bin)
		for pkg, dir := range map[string]string{
			"github.com/sigstore/cosign/v3/cmd/cosign": ".", "gwc.dev/cmd/gwc": "../..", "gwc.dev/testscripts/authority": "../..",
		} {
			build := exec.Command("go", "build", "-o", bin+"/", pkg)
			build.Dir, build.Env, build.Stderr = dir, append(os.Environ(), "CGO_ENABLED=0"), os.Stderr
			if err := build.Run(); err != nil {
				log.Printf("building %s: %v", pkg, err)
				return 1
			}
		}
		return m.Run()
	}())
}

// A team has a directory with a repository, keys in it, and a registry.
type team struct {
	dir, registry string
}

func newTeam(t *testing.T, options ...registry.Option) *team {
	t.Helper()
	server := httptest.NewServer(registry.New(append(options, registry.Logger(log.New(io.Discard, "", 0)))...))
	t.Cleanup(server.Close)
	to := &team{filepath.Join(t.TempDir(), "gateway"), strings.TrimPrefix(server.URL, "http://")}
	run(t, ".", "gwc", "init", to.dir)
	to.run(t, "git", "init", "-q", "-b", "main")
	to.run(t, "git", "add", "-A")
	to.run(t, "git", "commit", "-q", "-m", "start")
	to.run(t, "git", "remote", "add", "origin", "git@git.example.com:team/gateway.git")
	return to
}

// run runs a command in the team's directory and returns its output; it must succeed.
func (to *team) run(t *testing.T, name string, args ...string) string {
	t.Helper()
	return run(t, to.dir, name, args...)
}

func run(t *testing.T, dir, name string, args ...string) string {
	t.Helper()
	out, said, err := try(dir, name, args...)
	if err != nil {
		t.Fatalf("%s %s: %v\n%s%s", name, strings.Join(args, " "), err, out, said)
	}
	return out
}

func try(dir, name string, args ...string) (out, said string, err error) {
	if file := filepath.Join(bin, name); name != "git" {
		name = file
	}
	var stdout, stderr strings.Builder
	cmd := exec.Command(name, args...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, &stdout, &stderr
	cmd.Env = append(os.Environ(), "GWC_PASSWORD=", "HOME="+dir,
		"GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@example.com", "GIT_COMMITTER_NAME=a", "GIT_COMMITTER_EMAIL=a@example.com")
	err = cmd.Run()
	return stdout.String(), stderr.String(), err
}

// push pushes an environment and returns the artifact's reference as cosign has it.
func (to *team) push(t *testing.T, key string) string {
	t.Helper()
	ref := to.run(t, "gwc", "push", "environments/production", "oci://"+to.registry+"/team/gateway", "--key", key)
	return strings.TrimPrefix(strings.TrimSpace(ref), "oci://")
}

// verify asks cosign, in the form of version 3 or in the one before.
func (to *team) verify(ref, key, form string) error {
	_, said, err := try(to.dir, "cosign", "verify", "--key", key, "--insecure-ignore-tlog=true", "--new-bundle-format="+form, ref)
	if err != nil {
		return fmt.Errorf("%w: %s", err, said)
	}
	return nil
}

func TestCosignVerifiesWhatIsPushed(t *testing.T) {
	for title, options := range map[string][]registry.Option{
		"referrers":    {registry.WithReferrersSupport(true)},
		"no referrers": nil,
	} {
		for _, kind := range []string{"ecdsa-p256", "ed25519"} {
			t.Run(title+"/"+kind, func(t *testing.T) {
				to := newTeam(t, options...)
				for _, name := range []string{"old", "new", "other"} {
					to.run(t, "gwc", "keygen", "-o", name, "--type", kind)
				}
				ref := to.push(t, "old.key")
				for _, form := range []string{"true", "false"} {
					for _, at := range []string{ref, to.registry + "/team/gateway:production"} {
						if err := to.verify(at, "old.pub", form); err != nil {
							t.Error(err)
						}
					}
					if err := to.verify(ref, "other.pub", form); err == nil {
						t.Error("a key that did not sign is taken")
					}
				}
				if again := to.push(t, "old.key"); again != ref {
					t.Errorf("pushed again it is %s, before %s", again, ref)
				}

				// The same content under a new key: other bytes, and both keys count for what they signed.
				rotated := to.push(t, "new.key")
				if err := to.verify(rotated, "new.pub", "true"); err != nil {
					t.Error(err)
				}
				if err := to.verify(rotated, "old.pub", "true"); err == nil {
					t.Error("the old key is taken for what the new one signed")
				}
				if err := to.verify(ref, "old.pub", "true"); err != nil {
					t.Error(err)
				}
			})
		}
	}
}

// TestABundleFileIsSignedByTwo holds that signatures of several keys stand side by side.
func TestABundleFileIsSignedByTwo(t *testing.T) {
	to := newTeam(t, registry.WithReferrersSupport(true))
	to.run(t, "gwc", "keygen", "-o", "old")
	to.run(t, "gwc", "keygen", "-o", "new")
	to.run(t, "gwc", "build", "environments/production", "-o", "b", "--key", "old.key")
	args := []string{"push", "b", "oci://" + to.registry + "/team/gateway", "--trust", "old.pub", "--trust", "new.pub", "--key"}
	first := strings.TrimSpace(to.run(t, "gwc", append(args, "old.key")...))
	second := strings.TrimSpace(to.run(t, "gwc", append(args, "new.key")...))
	if first != second {
		t.Fatalf("one bundle is pushed as %s and as %s", first, second)
	}
	for _, name := range []string{"old", "new"} {
		for _, form := range []string{"true", "false"} {
			if err := to.verify(strings.TrimPrefix(first, "oci://"), name+".pub", form); err != nil {
				t.Error(err)
			}
		}
	}
}

func TestCosignVerifiesTheProvenance(t *testing.T) {
	to := newTeam(t)
	to.run(t, "gwc", "keygen", "-o", "gwc")
	ref := to.push(t, "gwc.key")
	out := to.run(t, "cosign", "verify-attestation", "--type", "slsaprovenance1", "--key", "gwc.pub", "--insecure-ignore-tlog=true", ref)
	var envelope struct{ Payload []byte }
	if err := json.Unmarshal([]byte(out), &envelope); err != nil {
		t.Fatal(err)
	}
	var statement struct {
		Subject   []struct{ Digest map[string]string }
		Predicate struct {
			BuildDefinition struct {
				ExternalParameters   struct{ Environment string }
				ResolvedDependencies []struct {
					URI, Name string
					Digest    map[string]string
				}
			}
		}
	}
	if err := json.Unmarshal(envelope.Payload, &statement); err != nil {
		t.Fatal(err)
	}
	definition := statement.Predicate.BuildDefinition
	if "sha256:"+statement.Subject[0].Digest["sha256"] != ref[strings.Index(ref, "@")+1:] || definition.ExternalParameters.Environment != "production" {
		t.Errorf("the statement is %s", envelope.Payload)
	}
	sums := map[string]string{}
	for _, d := range definition.ResolvedDependencies {
		sums[d.Name] = d.Digest["sha256"]
	}
	for _, name := range []string{"environments/gateway.cue", "environments/production/gateway.cue"} {
		file, _, err := try(to.dir, "git", "show", "HEAD:"+name)
		if err != nil {
			t.Fatal(err)
		}
		if want := fmt.Sprintf("%x", sha256.Sum256([]byte(file))); sums[name] != want {
			t.Errorf("%s has the digest %q, want %s", name, sums[name], want)
		}
	}
	source := definition.ResolvedDependencies[0]
	commit := strings.TrimSpace(to.run(t, "git", "rev-parse", "HEAD"))
	if source.URI != "git+https://git.example.com/team/gateway" || source.Digest["gitCommit"] != commit {
		t.Errorf("the source is %+v, want commit %s", source, commit)
	}
	if sums["gwc.dev/schema/v1/gateway.cue"] == "" {
		t.Error("the schema is not among what went in")
	}
}
