package main

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"gwc.dev/schema/bundle/oci"
)

// TestWhatArtifactsSayOfThemselvesIsOnlyText has somebody push an artifact that says what a terminal would obey, and what would
// make more lines of one.
func TestWhatArtifactsSayOfThemselvesIsOnlyText(t *testing.T) {
	f := newForger(t)
	const evil = "\x1b[2J\n*  9\tgood"
	digest := f.upload(f.next, oci.Options{Annotations: map[string]string{
		oci.AnnotationTitle: "test", oci.AnnotationSerial: "7", oci.AnnotationBundle: evil, oci.AnnotationRevision: evil, oci.AnnotationCreated: evil,
	}})
	for _, tag := range []string{"test", "test-7"} {
		f.must(oci.Tag(t.Context(), f.at(digest), tag, oci.Options{}))
	}
	var out, said bytes.Buffer
	a := &app{out: &out, err: &said, now: time.Now, getenv: func(string) (string, bool) { return "", false }}
	repository := oci.Scheme + f.repository.Name()
	if status := a.run(t.Context(), []string{"list", "test", repository}); status != 0 {
		t.Errorf("status %d: %s", status, &said)
	}
	if strings.ContainsRune(out.String(), 0x1b) || strings.Count(out.String(), "\n") != 2 {
		t.Errorf("it lists\n%q", &out)
	}
	err := oci.Channel{Repository: repository, Environment: "test"}.Admit(t.Context(), 7, "sha256:another")
	if err == nil || strings.ContainsAny(err.Error(), "\x1b\n\t") {
		t.Errorf("error %q", err)
	}
}
