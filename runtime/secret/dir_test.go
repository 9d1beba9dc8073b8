package secret_test

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"gwc.dev/runtime/secret"
)

// mount lays out a directory as Kubernetes mounts Secrets, with traps around it.
func mount(t *testing.T) secret.Dir {
	t.Helper()
	top := t.TempDir()
	dir := filepath.Join(top, "secrets")
	write := func(path, value string) {
		t.Helper()
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(value), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	link := func(to, path string) {
		t.Helper()
		if err := os.Symlink(to, path); err != nil {
			t.Fatal(err)
		}
	}
	write(filepath.Join(top, "outside"), "s3cret-outside")
	user := filepath.Join(dir, "user")
	write(filepath.Join(user, "..2026_01_01", "api-key"), "s3cret\n")
	link("..2026_01_01", filepath.Join(user, "..data"))
	link("..data/api-key", filepath.Join(user, "api-key"))
	link("../../outside", filepath.Join(user, "escape"))
	link(filepath.Join(top, "outside"), filepath.Join(user, "absolute"))
	link("loop", filepath.Join(user, "loop"))
	link(top, filepath.Join(dir, "elsewhere"))
	write(filepath.Join(user, "crlf"), "v\r\n")
	write(filepath.Join(user, "lines"), "a\nb\n\n")
	write(filepath.Join(user, "empty"), "")
	write(filepath.Join(user, "large"), strings.Repeat("x", secret.MaxSize+1))
	write(filepath.Join(user, "limit"), strings.Repeat("x", secret.MaxSize))
	write(filepath.Join(dir, "file"), "no directory")
	if err := os.Mkdir(filepath.Join(user, "directory"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mkfifo(filepath.Join(user, "pipe"), 0o600); err != nil {
		t.Fatal(err)
	}
	return secret.Dir(dir)
}

func TestResolve(t *testing.T) {
	dir := mount(t)
	t.Setenv("GWC_TEST_SECRET", "from env\n")
	tests := []struct{ ref, want string }{
		{"user/api-key", "s3cret"},
		{"user/crlf", "v"},
		{"user/lines", "a\nb\n"},
		{"user/empty", ""},
		{"user/limit", strings.Repeat("x", secret.MaxSize)},
		{"env:GWC_TEST_SECRET", "from env"},
	}
	for _, test := range tests {
		got, err := dir.Resolve(test.ref)
		if err != nil || string(got) != test.want {
			t.Errorf("Resolve(%q) = %.20q, %v, want %.20q", test.ref, got, err, test.want)
		}
	}
}

func TestResolveRefuses(t *testing.T) {
	dir := mount(t)
	tests := []struct{ ref, want string }{
		{"", "neither name/key nor env:NAME"},
		{"user", "neither name/key nor env:NAME"},
		{"user/", "neither name/key nor env:NAME"},
		{"/api-key", "neither name/key nor env:NAME"},
		{"user/../outside", "neither name/key nor env:NAME"},
		{"../outside", "neither name/key nor env:NAME"},
		{"user/..", "neither name/key nor env:NAME"},
		{"./outside", "neither name/key nor env:NAME"},
		{"user/..data/api-key", "neither name/key nor env:NAME"},
		{"user\\api-key/x", "neither name/key nor env:NAME"},
		{"user/a\x00b", "neither name/key nor env:NAME"},
		{"user/none", "no such file"},
		{"nobody/api-key", "no such file"},
		{"file/api-key", "not a directory"},
		{"user/escape", "escapes"},
		{"user/absolute", "escapes"},
		{"elsewhere/outside", "escapes"},
		{"user/loop", "too many"},
		{"user/directory", "not a regular file"},
		{"user/pipe", "not a regular file"},
		{"user/large", "larger than 1048576 bytes"},
		{"env:GWC_TEST_UNSET", "not set"},
		{"env:", "not set"},
		{"env:A=B", "not set"},
	}
	for _, test := range tests {
		got, err := dir.Resolve(test.ref)
		switch {
		case err == nil:
			t.Errorf("Resolve(%q) = %.20q, want an error", test.ref, got)
		case !strings.Contains(err.Error(), test.want):
			t.Errorf("Resolve(%q): %v, want an error with %q", test.ref, err, test.want)
		case strings.Contains(err.Error(), "s3cret"):
			t.Errorf("Resolve(%q): %v holds a value", test.ref, err)
		}
	}
}

func TestErrorsNameTheReferenceAndThePlace(t *testing.T) {
	_, err := secret.Dir("/nowhere").Resolve("user/api-key")
	const want = `resolving secret "user/api-key" in /nowhere: no such file or directory`
	if err == nil || err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
	_, err = secret.Dir("").Resolve("user/api-key")
	if err == nil || !strings.Contains(err.Error(), "no secrets directory is set") {
		t.Errorf("without a directory: %v", err)
	}
}
