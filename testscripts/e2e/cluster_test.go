package e2e_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"
	"sigs.k8s.io/controller-runtime/pkg/envtest"
)

// A cluster is an API server with etcd and the custom resources that a gateway's manifests are about.
type cluster struct {
	client.Client
	env        *envtest.Environment
	kubeconfig string
}

func newCluster(t *testing.T) *cluster {
	t.Helper()
	env := &envtest.Environment{
		BinaryAssetsDirectory: mortal(t),
		CRDDirectoryPaths: []string{
			moduleFile(t, ".", "github.com/fluxcd/source-controller", "config/crd/bases"),
			moduleFile(t, ".", "github.com/fluxcd/kustomize-controller", "config/crd/bases"),
			moduleFile(t, "crd", "github.com/prometheus-operator/prometheus-operator", "example/prometheus-operator-crd"),
			moduleFile(t, "crd", "sigs.k8s.io/gateway-api", "config/crd/standard"),
		},
		ErrorIfCRDPathMissing:    true,
		ControlPlaneStartTimeout: patience,
		CRDInstallOptions:        envtest.CRDInstallOptions{MaxTime: patience},
	}
	etcd, api := &env.ControlPlane.Etcd, env.ControlPlane.GetAPIServer()
	*etcd = &envtest.Etcd{URL: &url.URL{Scheme: "http", Host: freeAddress(t)}}
	var err error
	if api.SecureServing.Address, api.SecureServing.Port, err = net.SplitHostPort(freeAddress(t)); err != nil {
		t.Fatal(err)
	}
	(*etcd).Out, (*etcd).Err = logged(t, "etcd")
	api.Out, api.Err = logged(t, "kube-apiserver")
	// Pods are held to the Pod Security Standards as in a cluster; no controller makes service accounts for them.
	api.Configure().Set("disable-admission-plugins", "ServiceAccount")
	// Otherwise it looks for one of its own, and does not start on a machine that has no network. Nobody goes by it.
	api.Configure().Set("advertise-address", "192.0.2.1")
	config, err := env.Start()
	if err != nil {
		_ = env.Stop() // what has been started
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := env.Stop(); err != nil {
			t.Error(err)
		}
	})
	c := &cluster{env: env, kubeconfig: filepath.Join(t.TempDir(), "kubeconfig")}
	if c.Client, err = client.New(config, client.Options{}); err != nil {
		t.Fatal(err)
	}
	user, err := env.AddUser(envtest.User{Name: "flux", Groups: []string{"system:masters"}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	data, err := user.KubeConfig()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(c.kubeconfig, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return c
}

// logged returns where a program is to write its log, whose end is shown if the test fails.
func logged(t *testing.T, program string) (stdout, stderr io.Writer) {
	t.Helper()
	file, err := os.Create(filepath.Join(t.TempDir(), program+".log"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if file.Close(); t.Failed() {
			t.Logf("%s says at last:\n%s", program, tail(file.Name()))
		}
	})
	return file, file
}

// moduleFile returns the path of a file or directory of a module that the module in dir requires. The module is fetched if
// it is not there, as on a machine that was given the programs and need not build them.
func moduleFile(t *testing.T, dir, module, path string) string {
	t.Helper()
	cmd := exec.Command("go", "mod", "download", "-json", module)
	cmd.Dir = dir
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go mod download %s: %v\n%s", module, err, out)
	}
	var m struct{ Dir string }
	if err := json.Unmarshal(out, &m); err != nil || m.Dir == "" {
		t.Fatalf("go mod download %s: it is nowhere (%v)", module, err)
	}
	return filepath.Join(m.Dir, filepath.FromSlash(path))
}

// namespace makes a namespace.
func (c *cluster) namespace(t *testing.T, name string) {
	t.Helper()
	ns := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}}
	if err := c.Create(t.Context(), ns); err != nil {
		t.Fatal(err)
	}
}

// secret makes a Secret, or gives it what it holds from now on.
func (c *cluster) secret(t *testing.T, namespace, name string, data map[string]string) {
	t.Helper()
	s := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name}}
	_, err := controllerutil.CreateOrUpdate(t.Context(), c.Client, s, func() error {
		s.Data = map[string][]byte{}
		for key, value := range data {
			s.Data[key] = []byte(value)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// objects reads the manifests in a file, or in all files below a directory, less the kustomization files.
func objects(t *testing.T, path string) []*unstructured.Unstructured {
	t.Helper()
	var all []*unstructured.Unstructured
	err := filepath.WalkDir(path, func(file string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(file) != ".yaml" || d.Name() == "kustomization.yaml" {
			return err
		}
		data, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		for decoder := yaml.NewYAMLOrJSONDecoder(bytes.NewReader(data), 4096); ; {
			o := &unstructured.Unstructured{}
			if err := decoder.Decode(o); err != nil {
				break
			}
			all = append(all, o)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// apply applies an object on the server's side, as kubectl apply --server-side does, strictly: an unknown field is an error.
// The object becomes what it is then.
func (c *cluster) apply(ctx context.Context, o *unstructured.Unstructured, options ...client.PatchOption) error {
	err := client.WithFieldValidation(c.Client, metav1.FieldValidationStrict).
		Patch(ctx, o, client.Apply, append(options, client.FieldOwner("e2e"), client.ForceOwnership)...) //nolint:staticcheck // of any kind of object
	if err != nil {
		return fmt.Errorf("applying %s %s: %w", o.GetKind(), o.GetName(), err)
	}
	return nil
}

// get returns an object of Flux.
func (c *cluster) get(ctx context.Context, kind, name string) (*unstructured.Unstructured, error) {
	o := &unstructured.Unstructured{}
	o.SetGroupVersionKind(map[string]schema.GroupVersionKind{
		"OCIRepository": {Group: "source.toolkit.fluxcd.io", Version: "v1", Kind: kind},
		"Kustomization": {Group: "kustomize.toolkit.fluxcd.io", Version: "v1", Kind: kind},
	}[kind])
	err := c.Get(ctx, client.ObjectKey{Namespace: fluxNamespace, Name: name}, o)
	return o, err
}

// condition returns the status and the message of an object's condition.
func condition(o *unstructured.Unstructured, kind string) (status, message string) {
	all, _, _ := unstructured.NestedSlice(o.Object, "status", "conditions")
	for _, each := range all {
		if c, ok := each.(map[string]any); ok && c["type"] == kind {
			return fmt.Sprint(c["status"]), fmt.Sprint(c["message"])
		}
	}
	return "", ""
}

// fluxNamespace is where Flux and its objects are.
const fluxNamespace = "flux-system"

// A controller is one of Flux's.
type controller struct {
	*process
	health string // address
}

// controller starts a controller of Flux and waits until it is ready.
func (c *cluster) controller(t *testing.T, name string, args ...string) *controller {
	t.Helper()
	f := &controller{health: freeAddress(t)}
	dir := t.TempDir()
	f.process = start(t, filepath.Join(programs, name),
		[]string{"KUBECONFIG=" + c.kubeconfig, "RUNTIME_NAMESPACE=" + fluxNamespace, "TMPDIR=" + dir, "TUF_ROOT=" + dir},
		append([]string{
			"--watch-all-namespaces", "--enable-leader-election=false", "--metrics-addr=0", "--health-addr=" + f.health,
			"--interval-jitter-percentage=0", "--min-retry-delay=100ms", "--max-retry-delay=1s",
		}, args...)...)
	f.ready(t)
	return f
}

func (f *controller) ready(t *testing.T) {
	t.Helper()
	eventually(t, f.name+" is ready", func() error {
		answer, err := patient.Get("http://" + f.health + "/readyz")
		if err != nil {
			return err
		}
		defer answer.Body.Close()
		if answer.StatusCode != http.StatusOK {
			return fmt.Errorf("status %d", answer.StatusCode)
		}
		return nil
	})
}

// flux starts both controllers of Flux.
func (c *cluster) flux(t *testing.T) (source, kustomize *controller) {
	t.Helper()
	storage := freeAddress(t)
	source = c.controller(t, "source-controller",
		"--storage-path="+t.TempDir(), "--storage-addr="+storage, "--storage-adv-addr="+storage)
	kustomize = c.controller(t, "kustomize-controller", "--requeue-dependency=1s")
	return source, kustomize
}

// crashAPIServer kills the API server at once. What it returns starts it again, with the same arguments.
func (c *cluster) crashAPIServer(t *testing.T) (restart func()) {
	t.Helper()
	return crash(t, "--secure-port="+c.env.ControlPlane.APIServer.SecureServing.Port)
}

// crashEtcd kills etcd at once. What it returns starts it again, with the same arguments and so the same data.
func (c *cluster) crashEtcd(t *testing.T) (restart func()) {
	t.Helper()
	return crash(t, "--listen-client-urls="+c.env.ControlPlane.Etcd.URL.String())
}

// crash kills the program that has an argument.
func crash(t *testing.T, argument string) (restart func()) {
	t.Helper()
	children, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range children {
		data, _ := os.ReadFile(file) // it may have ended
		args := strings.Split(strings.TrimSuffix(string(data), "\x00"), "\x00")
		if !slices.Contains(args, argument) {
			continue
		}
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(file)))
		if err != nil {
			t.Fatal(err)
		}
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		eventually(t, filepath.Base(args[0])+" is gone", func() error { // and its port free again
			if err := syscall.Kill(pid, 0); err == nil {
				return fmt.Errorf("process %d is there", pid)
			}
			return nil
		})
		return func() { start(t, args[0], nil, args[1:]...) }
	}
	t.Fatalf("no program has the argument %s", argument)
	return nil
}
