// Package e2e_test delivers a gateway the way a team does: commit, gwc in CI, an OCI registry, Flux, an API server, proxies.
// All of them are the real programs; only what a kubelet and the Deployment controller do is done by the tests (node).
//
// E2E_BIN names the directory with etcd, kube-apiserver, source-controller and kustomize-controller, which "make e2e"
// builds.
package e2e_test

import (
	"errors"
	"fmt"
	"io/fs"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-logr/logr"
	ctrl "sigs.k8s.io/controller-runtime/pkg/log"
)

// bin holds gwc and gwproxy, and all else that the tests write.
var bin string

// programs holds what E2E_BIN names.
var programs string

func TestMain(m *testing.M) {
	if name := filepath.Base(os.Args[0]); name == "etcd" || name == "kube-apiserver" {
		become(name)
	}
	ctrl.SetLogger(logr.Discard()) // or it complains that it has none
	os.Exit(run(m))
}

func run(m *testing.M) int {
	programs = os.Getenv("E2E_BIN")
	for _, name := range []string{"etcd", "kube-apiserver", "source-controller", "kustomize-controller"} {
		if _, err := os.Stat(filepath.Join(programs, name)); programs == "" || errors.Is(err, fs.ErrNotExist) {
			log.Printf("E2E_BIN=%q has no %s: run \"make e2e\", which builds it", programs, name)
			return 1
		}
	}
	var err error
	if bin, err = os.MkdirTemp("", "gwc-e2e-"); err != nil {
		log.Print(err)
		return 1
	}
	defer os.RemoveAll(bin)
	leaveNothing(bin)
	if err := alone(bin); err != nil {
		log.Print(err)
		return 1
	}
	build := exec.Command("go", "build", "-buildvcs=false", "-o", bin+"/", "./cmd/gwc", "./cmd/gwproxy")
	build.Dir, build.Env = "../..", append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		log.Printf("building gwc: %v\n%s", err, out)
		return 1
	}
	return m.Run()
}

// alone keeps away what somebody has set up for himself: hooks and signatures of git, helpers of Docker, another repository
// that git was told of. What the tests and their programs write is in dir.
func alone(dir string) error {
	for _, name := range []string{"GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "KUBECONFIG", "SIGSTORE_ID_TOKEN"} {
		if err := os.Unsetenv(name); err != nil {
			return err
		}
	}
	for name, value := range map[string]string{
		"TMPDIR": dir, "DOCKER_CONFIG": filepath.Join(dir, "docker"), "GIT_CONFIG_GLOBAL": os.DevNull, "GIT_CONFIG_SYSTEM": os.DevNull,
	} {
		if err := os.Setenv(name, value); err != nil {
			return err
		}
	}
	return nil
}

// output runs a command in dir and returns what it prints.
func output(dir, name string, args ...string) (string, error) {
	if own := filepath.Join(bin, name); strings.HasPrefix(name, "gwc") {
		name = own
	}
	var stdout, stderr strings.Builder
	cmd := exec.Command(name, args...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, &stdout, &stderr
	cmd.Env = append(os.Environ(), "GWC_PASSWORD=",
		"GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@example.com", "GIT_COMMITTER_NAME=a", "GIT_COMMITTER_EMAIL=a@example.com")
	err := cmd.Run()
	if err != nil {
		err = fmt.Errorf("%s %s: %w\n%s%s", filepath.Base(name), strings.Join(args, " "), err, stdout.String(), stderr.String())
	}
	return stdout.String(), err
}
