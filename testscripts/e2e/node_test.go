package e2e_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// A node runs the pods of one Deployment as processes: with the arguments that the Deployment has, and the ConfigMaps and
// Secrets that it mounts. It tells the Deployment's status, as the Deployment controller does.
type node struct {
	t       *testing.T
	cluster *cluster
	key     client.ObjectKey
	pods    []*pod
	runs    *corev1.PodSpec // what the pods run
}

// A pod is a gwproxy.
type pod struct {
	*process
	http, admin string // addresses
}

// newNode runs so many pods of a Deployment once it is there.
func newNode(t *testing.T, c *cluster, namespace, name string, pods int) *node {
	t.Helper()
	n := &node{t: t, cluster: c, key: client.ObjectKey{Namespace: namespace, Name: name}}
	var d appsv1.Deployment
	eventually(t, "the Deployment is applied", func() error { return c.Get(t.Context(), n.key, &d) })
	n.runs = &d.Spec.Template.Spec
	mounted := t.TempDir()
	args := n.mount(mounted, d.Spec.Template.Spec)
	for range pods {
		p := &pod{http: freeAddress(t), admin: freeAddress(t)}
		own := []string{"--listen=http=" + p.http, "--admin=" + p.admin, "--state-dir=" + t.TempDir(), "--poll-interval=200ms", "--access-log=off"}
		p.process = start(t, filepath.Join(bin, "gwproxy"), nil, append(args, own...)...)
		n.pods = append(n.pods, p)
	}
	return n
}

// mount writes what a pod mounts below dir, and returns its arguments with the paths there.
func (n *node) mount(dir string, spec corev1.PodSpec) []string {
	n.t.Helper()
	volumes := map[string]corev1.Volume{}
	for _, v := range spec.Volumes {
		volumes[v.Name] = v
	}
	container := spec.Containers[0]
	paths := []string{}
	for _, m := range container.VolumeMounts {
		at := filepath.Join(dir, m.Name)
		paths = append(paths, m.MountPath, at)
		switch v := volumes[m.Name]; {
		case v.ConfigMap != nil:
			var config corev1.ConfigMap
			n.get(v.ConfigMap.Name, &config)
			for name, text := range config.Data {
				n.file(filepath.Join(at, name), []byte(text))
			}
		case v.Projected != nil:
			for _, source := range v.Projected.Sources {
				var secret corev1.Secret
				n.get(source.Secret.Name, &secret)
				for _, item := range source.Secret.Items {
					n.file(filepath.Join(at, item.Path), secret.Data[item.Key])
				}
			}
		}
	}
	replace := strings.NewReplacer(paths...)
	var args []string
	for _, arg := range container.Args {
		if !strings.HasPrefix(arg, "--state-dir=") && !strings.HasPrefix(arg, "--admin=") {
			args = append(args, replace.Replace(arg))
		}
	}
	return args
}

func (n *node) get(name string, into client.Object) {
	n.t.Helper()
	key := client.ObjectKey{Namespace: n.key.Namespace, Name: name}
	eventually(n.t, name+" is there to be mounted", func() error { return n.cluster.Get(n.t.Context(), key, into) })
}

func (n *node) file(name string, data []byte) {
	n.t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		n.t.Fatal(err)
	}
	if err := os.WriteFile(name, data, 0o644); err != nil {
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

// proxyStatus is what a proxy says of itself.
type proxyStatus struct {
	Ready  bool
	Active *struct {
		Revision, Origin string
		Serial           uint64
		Verified         bool
	}
	Refused *struct{ Reason, Message string }
	Source  struct{ LastError string }
}

func (p *pod) status() (s proxyStatus, err error) {
	answer, err := http.Get("http://" + p.admin + "/status")
	if err != nil {
		return s, err
	}
	defer answer.Body.Close()
	return s, json.NewDecoder(answer.Body).Decode(&s)
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
		if s.Refused == nil || s.Refused.Reason != reason || s.Active == nil || s.Active.Serial != serial {
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

// appKey is the API key of the consumer.
const appKey = "an-app-key"

// ask sends a request as the consumer and returns the body of the answer.
func (p *pod) ask() (string, error) {
	r, err := http.NewRequest(http.MethodGet, "http://"+p.http+"/hello", nil)
	if err != nil {
		return "", err
	}
	r.Host = "api.example.com"
	r.Header.Set("Apikey", appKey)
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return "", err
	}
	defer answer.Body.Close()
	body := make([]byte, 4096)
	k, _ := answer.Body.Read(body)
	if answer.StatusCode != http.StatusOK {
		return "", fmt.Errorf("status %d", answer.StatusCode)
	}
	return string(body[:k]), nil
}

// A client sends requests to pods all the time, until it is told to stop.
type traffic struct {
	stop   chan struct{}
	wg     sync.WaitGroup
	mu     sync.Mutex
	sent   int
	failed []string
}

// use begins to send requests to the pods.
func use(pods []*pod) *traffic {
	c := &traffic{stop: make(chan struct{})}
	for _, p := range pods {
		c.wg.Go(func() {
			for {
				select {
				case <-c.stop:
					return
				case <-time.After(5 * time.Millisecond):
				}
				_, err := p.ask()
				c.mu.Lock()
				if c.sent++; err != nil {
					c.failed = append(c.failed, err.Error())
				}
				c.mu.Unlock()
			}
		})
	}
	return c
}

// end stops the requests, of which none may have failed.
func (c *traffic) end(t *testing.T) {
	t.Helper()
	close(c.stop)
	c.wg.Wait()
	if len(c.failed) > 0 || c.sent == 0 {
		t.Errorf("of %d requests %d failed: %.300q", c.sent, len(c.failed), c.failed)
	}
	t.Logf("%d requests meanwhile, none failed", c.sent-len(c.failed))
}
