package main

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gwc.dev/schema"
	"gwc.dev/schema/bundle"
	"gwc.dev/schema/bundle/oci"
)

// TestAReleaseIsTheSameHoweverTheRepositoryIsReached holds that no credentials and no way of access get into an artifact.
func TestAReleaseIsTheSameHoweverTheRepositoryIsReached(t *testing.T) {
	const web = "https://git.example.com/team/gateway"
	for remote, want := range map[string]string{
		"https://git.example.com/team/gateway":                web,
		"https://git.example.com/team/gateway.git":            web,
		"https://user:token@git.example.com/team/gateway.git": web,
		"http://git.example.com:8080/team/gateway":            web,
		"ssh://git@git.example.com:22/team/gateway.git":       web,
		"git@git.example.com:team/gateway.git":                web,
		"git@git.example.com:/team/gateway.git":               web,
		"/srv/git/gateway.git":                                "",
		"../gateway":                                          "",
		"file:///srv/git/gateway.git":                         "",
		"https://%zz":                                         "",
		"":                                                    "",
	} {
		if got := webAddress(remote); got != want {
			t.Errorf("%q is %q, want %q", remote, got, want)
		}
	}
}

func TestVersionsThatATagCanBe(t *testing.T) {
	for version, want := range map[string]bool{
		"1.2.3": true, "v1.2.3": true, "1.2.3-rc.1": true, "0.0.0": true,
		"1.2": false, "1.2.3+build": false, "1.02.3": false, "latest": false, "1.2.3-": false,
	} {
		if semver.MatchString(version) != want {
			t.Errorf("%q is taken: %v", version, !want)
		}
	}
}

func TestDestinationOfARelease(t *testing.T) {
	const digest = "@sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"
	own := &schema.Gateway{Targets: &schema.Targets{Kube: &schema.Kube{Repository: "oci://registry.example.com/gateway/"}}}
	for _, tt := range []struct {
		reference string
		model     *schema.Gateway
		want      [2]string
	}{
		{"oci://registry.example.com/a", &schema.Gateway{}, [2]string{"oci://registry.example.com/a"}},
		{"oci://registry.example.com:5000/a:b", &schema.Gateway{}, [2]string{"oci://registry.example.com:5000/a", "b"}},
		{"", own, [2]string{"oci://registry.example.com/gateway"}},
		{"", &schema.Gateway{}, [2]string{"", `environment "production" does not say where to push to: name a repository, or set targets: kube: repository`}},
		{"oci://registry.example.com/a" + digest, own, [2]string{"", `pushing to "oci://registry.example.com/a` + digest + `": the digest follows from what is pushed: leave it out`}},
		{"registry.example.com/a", own, [2]string{"", `repository "registry.example.com/a": give oci://registry.example.com/gateway, without a tag or a digest`}},
		{"oci://a", own, [2]string{"", `repository "oci://a": give oci://registry.example.com/gateway, without a tag or a digest`}},
	} {
		r := &release{Bundle: &bundle.Bundle{Contents: bundle.Contents{Environment: "production", Gateway: tt.model}}}
		err := r.destination(tt.reference)
		got := [2]string{r.repository, r.tag}
		if err != nil {
			got = [2]string{"", err.Error()}
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%q (-want +got):\n%s", tt.reference, diff)
		}
	}
}

// TestACommitIsNamedWithItsAlgorithm holds what Flux reads and gwc reads back, in a repository of either kind.
func TestACommitIsNamedWithItsAlgorithm(t *testing.T) {
	for commit, want := range map[string]string{
		strings.Repeat("a", 40):            "sha1:" + strings.Repeat("a", 40),
		strings.Repeat("a", 64):            "sha256:" + strings.Repeat("a", 64),
		strings.Repeat("a", 64) + "-dirty": "sha256:" + strings.Repeat("a", 64) + "-dirty",
	} {
		r := &release{Bundle: &bundle.Bundle{Contents: bundle.Contents{Environment: "production", GitRevision: commit}}}
		annotations := r.annotations()
		if got := annotations[oci.AnnotationRevision]; got != want {
			t.Errorf("%s is %s, want %s", commit, got, want)
		}
		if got := (oci.Description{Annotations: annotations}).Commit(); got != commit {
			t.Errorf("%s is read as %s", want, got)
		}
	}
}
