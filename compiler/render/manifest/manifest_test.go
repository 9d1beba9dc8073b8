package manifest_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"gwc.dev/compiler/render/manifest"
	"gwc.dev/schema"
)

func TestEncodeDropsWhatOnlyAClusterKnows(t *testing.T) {
	service := &corev1.Service{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Service"},
		ObjectMeta: metav1.ObjectMeta{Name: "a", Annotations: map[string]string{"b": "yes", "a": "1\n2"}},
	}
	f, err := manifest.Encode("a.yaml", service)
	if err != nil {
		t.Fatal(err)
	}
	want := "apiVersion: v1\nkind: Service\nmetadata:\n  annotations:\n    a: |-\n      1\n      2\n    b: \"yes\"\n  name: a\nspec: {}\n"
	if diff := cmp.Diff(want, string(f.Data)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestRepositoryIsNeeded(t *testing.T) {
	for repository, want := range map[string]schema.Problem{
		"": {
			Path: "targets.kube.repository", Code: "target-repository",
			Message: "the proxies are not told where to pull bundles from",
			Hint:    `set targets: kube: repository: "oci://registry.example.com/gateway/dev"`,
		},
		"oci://host": {
			Path: "targets.kube.repository", Code: "target-repository",
			Message: `"oci://host" is no repository: want oci://host/path`,
			Hint:    `write "oci://", the registry's host and a path, without tag or digest`,
		},
	} {
		g := &schema.Gateway{Environment: "dev", Targets: &schema.Targets{Kube: &schema.Kube{Repository: repository}}}
		_, err := manifest.Input{Gateway: g.Resolve()}.Bundle()
		if diff := cmp.Diff(&want, err); diff != "" {
			t.Errorf("repository %q (-want +got):\n%s", repository, diff)
		}
	}
}

// FuzzReference holds that a reference which is taken is written back in a form that means the same.
func FuzzReference(f *testing.F) {
	f.Add("oci://registry.example.com:5000/a/b:v1")
	f.Add("oci://r/a:v1@sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")
	f.Add("oci://r/a@sha256:12")
	g := (&schema.Gateway{}).Resolve()
	f.Fuzz(func(t *testing.T, text string) {
		ref, err := manifest.Input{Gateway: g, Reference: text}.Bundle()
		if err != nil {
			return
		}
		again, err := manifest.Input{Gateway: g, Reference: ref.String()}.Bundle()
		if err != nil || again != ref {
			t.Errorf("%q is read as %+v, and that as %+v (%v)", text, ref, again, err)
		}
		if (ref.Tag == "") == (ref.Digest == "") || ref.Host() == "" {
			t.Errorf("%q is read as %+v", text, ref)
		}
	})
}
