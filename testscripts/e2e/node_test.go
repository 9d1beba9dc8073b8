package e2e_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// A node runs the pods of one Deployment as processes: with the arguments that the Deployment has, and the ConfigMaps and
// Secrets that it mounts. It rolls them when told to, and tells the Deployment's status, as the Deployment controller does.
type node struct {
	t       *testing.T
	cluster *cluster
	key     client.ObjectKey
	pods    []*pod
	service service
	runs    *corev1.PodSpec // what the pods run
	args    []string        // what they are started with
	mounted []mounted
}

// newNode runs so many pods of a Deployment once it is there.
func newNode(t *testing.T, c *cluster, namespace, name string, pods int) *node {
	t.Helper()
	n := &node{t: t, cluster: c, key: client.ObjectKey{Namespace: namespace, Name: name}}
	var d appsv1.Deployment
	eventually(t, "the Deployment is applied", func() error { return c.Get(t.Context(), n.key, &d) })
	n.mount(d.Spec.Template.Spec)
	for range pods {
		n.pods = append(n.pods, n.run())
	}
	n.service.set(n.pods...)
	return n
}

// run starts a pod, with arguments beside those of the Deployment.
func (n *node) run(args ...string) *pod {
	n.t.Helper()
	p := &pod{http: freeAddress(n.t), admin: freeAddress(n.t)}
	own := []string{"--listen=http=" + p.http, "--admin=" + p.admin, "--state-dir=" + n.t.TempDir(), "--poll-interval=200ms", "--access-log=off"}
	p.process = start(n.t, filepath.Join(bin, "gwproxy"), nil, slices.Concat(n.args, own, args)...)
	return p
}

// spec returns what the Deployment's pods are to run now.
func (n *node) spec() corev1.PodSpec {
	n.t.Helper()
	var d appsv1.Deployment
	n.must(n.cluster.Get(n.t.Context(), n.key, &d))
	return d.Spec.Template.Spec
}

// reads returns the names of the Secrets that the Deployment mounts now.
func (n *node) reads() []string {
	n.t.Helper()
	var names []string
	for _, v := range n.spec().Volumes {
		if v.Projected == nil {
			continue
		}
		for _, source := range v.Projected.Sources {
			if source.Secret != nil {
				names = append(names, source.Secret.Name)
			}
		}
	}
	return names
}

// roll replaces the pods by those of the Deployment as it is now, one after the other, as the Deployment says: none is told to
// end before its successor is ready, and clients learn of its end later than itself.
func (n *node) roll() {
	n.t.Helper()
	n.mount(n.spec())
	for i, old := range n.pods {
		p := n.run()
		p.ready()
		go old.stop()
		time.Sleep(300 * time.Millisecond)
		n.pods[i] = p
		n.service.set(n.pods...)
	}
}

// A mounted is a volume in a pod: a directory, and what is to be in it.
type mounted struct {
	dir  string
	read func() map[string][]byte
}

// mount writes what a pod mounts, and finds the arguments with the paths there.
func (n *node) mount(spec corev1.PodSpec) {
	n.t.Helper()
	n.runs, n.args, n.mounted = &spec, nil, nil
	volumes := map[string]corev1.Volume{}
	for _, v := range spec.Volumes {
		volumes[v.Name] = v
	}
	container := spec.Containers[0]
	paths := []string{}
	for _, m := range container.VolumeMounts {
		v := volumes[m.Name]
		if v.ConfigMap == nil && v.Projected == nil {
			continue
		}
		at := n.t.TempDir()
		paths = append(paths, m.MountPath, at)
		n.mounted = append(n.mounted, mounted{at, func() map[string][]byte { return n.content(v) }})
	}
	n.sync()
	replace := strings.NewReplacer(paths...)
	for _, arg := range container.Args {
		if !strings.HasPrefix(arg, "--state-dir=") && !strings.HasPrefix(arg, "--admin=") {
			n.args = append(n.args, replace.Replace(arg))
		}
	}
}

// content returns the files of a volume.
func (n *node) content(v corev1.Volume) map[string][]byte {
	n.t.Helper()
	files := map[string][]byte{}
	configMap := func(name string) {
		var config corev1.ConfigMap
		n.get(name, &config)
		for key, text := range config.Data {
			files[key] = []byte(text)
		}
	}
	if v.ConfigMap != nil {
		configMap(v.ConfigMap.Name)
		return files
	}
	for _, source := range v.Projected.Sources {
		if source.ConfigMap != nil {
			configMap(source.ConfigMap.Name)
			continue
		}
		var secret corev1.Secret
		n.get(source.Secret.Name, &secret)
		for _, item := range source.Secret.Items {
			files[item.Path] = secret.Data[item.Key]
		}
	}
	return files
}

func (n *node) get(name string, into client.Object) {
	n.t.Helper()
	key := client.ObjectKey{Namespace: n.key.Namespace, Name: name}
	eventually(n.t, name+" is there to be mounted", func() error { return n.cluster.Get(n.t.Context(), key, into) })
}

// sync brings the volumes of running pods up to date, as a kubelet does every minute: the files are in a directory of their
// own, to which a link points that is replaced at once.
func (n *node) sync() {
	n.t.Helper()
	for i, m := range n.mounted {
		version := fmt.Sprintf("..%d.%d", time.Now().UnixNano(), i)
		tops := map[string]bool{}
		for name, data := range m.read() {
			file := filepath.Join(m.dir, version, filepath.FromSlash(name))
			n.must(os.MkdirAll(filepath.Dir(file), 0o755))
			n.must(os.WriteFile(file, data, 0o644))
			top, _, _ := strings.Cut(name, "/")
			tops[top] = true
		}
		old, err := os.Readlink(filepath.Join(m.dir, "..data"))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			n.t.Fatal(err)
		}
		n.must(os.Symlink(version, filepath.Join(m.dir, "..data_tmp")))
		n.must(os.Rename(filepath.Join(m.dir, "..data_tmp"), filepath.Join(m.dir, "..data")))
		for top := range tops {
			if err := os.Symlink(filepath.Join("..data", top), filepath.Join(m.dir, top)); !errors.Is(err, fs.ErrExist) {
				n.must(err)
			}
		}
		if old != "" {
			n.must(os.RemoveAll(filepath.Join(m.dir, old)))
		}
	}
}

func (n *node) must(err error) {
	n.t.Helper()
	if err != nil {
		n.t.Fatal(err)
	}
}

// report says that the Deployment is rolled out, which is what the Kustomization waits for. Its template must be the one
// that the pods run.
func (n *node) report() error {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	var d appsv1.Deployment
	if err := n.cluster.Get(ctx, n.key, &d); err != nil {
		return err
	}
	if !reflect.DeepEqual(&d.Spec.Template.Spec, n.runs) {
		return fmt.Errorf("the Deployment's pods have changed")
	}
	if d.Status.ObservedGeneration == d.Generation {
		return nil
	}
	pods := *d.Spec.Replicas // one, as no autoscaler has asked for more
	d.Status = appsv1.DeploymentStatus{
		ObservedGeneration: d.Generation, Replicas: pods, UpdatedReplicas: pods, ReadyReplicas: pods, AvailableReplicas: pods,
		Conditions: []appsv1.DeploymentCondition{
			{Type: appsv1.DeploymentAvailable, Status: corev1.ConditionTrue},
			{Type: appsv1.DeploymentProgressing, Status: corev1.ConditionTrue, Reason: "NewReplicaSetAvailable"},
		},
	}
	return n.cluster.Status().Update(ctx, &d)
}

// each waits until check holds for every pod.
func (n *node) each(what string, check func(proxyStatus) error) {
	n.t.Helper()
	eventually(n.t, what, func() error {
		for i, p := range n.pods {
			s, err := p.status()
			if err == nil {
				err = check(s)
			}
			if err != nil {
				return fmt.Errorf("proxy %d: %w", i, err)
			}
		}
		return nil
	})
}

// serves waits until every proxy serves a serial.
func (n *node) serves(serial uint64) {
	n.t.Helper()
	n.each(fmt.Sprintf("every proxy serves serial %d", serial), func(s proxyStatus) error {
		if s.Active == nil || s.Active.Serial != serial || !s.Active.Verified {
			return fmt.Errorf("it serves %+v and refused %+v, source error %q", s.Active, s.Refused, s.Source.LastError)
		}
		return nil
	})
}

// refuses waits until every proxy refuses what is new, for a reason, and goes on with a serial.
func (n *node) refuses(reason string, serial uint64) {
	n.t.Helper()
	n.each("every proxy refuses it: "+reason, func(s proxyStatus) error {
		if s.Refused == nil || s.Refused.Reason != reason || s.Active == nil || s.Active.Serial != serial || !s.Ready {
			return fmt.Errorf("it serves %+v and refused %+v", s.Active, s.Refused)
		}
		return nil
	})
}

// answers waits until every proxy answers with a text.
func (n *node) answers(text string) {
	n.t.Helper()
	eventually(n.t, fmt.Sprintf("every proxy answers %q", text), func() error {
		for i, p := range n.pods {
			if got, err := p.ask(); err != nil || got != text {
				return fmt.Errorf("proxy %d answers %q, %w", i, got, err)
			}
		}
		return nil
	})
}
