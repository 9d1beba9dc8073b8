package e2e_test

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// A delivery is all of it, from the repository to proxies that serve.
type delivery struct {
	*cluster
	t                 *testing.T
	team              *team
	registry          *ociRegistry
	source, kustomize *controller
	node              *node
	now               string   // the step
	summary           []string // of those before
}

// deliver brings a first state of production to three proxies.
func deliver(t *testing.T) *delivery {
	t.Helper()
	began := time.Now()
	d := &delivery{t: t, now: "a cluster and a first delivery"}
	t.Cleanup(func() { // after all that is said about programs
		if t.Failed() {
			t.Logf("it failed in this step: %s\nbefore:\n%s", d.now, strings.Join(d.summary, "\n"))
		}
	})
	d.cluster, d.registry = newCluster(t), newRegistry(t)
	d.team = newTeam(t, d.registry)
	d.namespace(t, fluxNamespace)
	d.namespace(t, "gateway")
	d.secret(t, "gateway", "app", map[string]string{"api-key": appKey})
	d.source, d.kustomize = d.flux(t)
	d.team.commit("first")
	d.team.ci("production")

	// What an administrator does once.
	rendered := filepath.Join(t.TempDir(), "rendered")
	d.team.gwc("render", "environments/production", "-o", rendered)
	d.secret(t, fluxNamespace, "gwc-cosign-pub", map[string]string{"cosign.pub": d.team.public("gwc")})
	for _, o := range objects(t, filepath.Join(rendered, "flux")) {
		if err := d.apply(t.Context(), o); err != nil {
			t.Fatal(err)
		}
	}
	d.node = newNode(t, d.cluster, "gateway", "gwproxy", 3)
	d.node.serves(d.team.serial)
	d.node.answers("first")
	d.synced()
	d.summary = append(d.summary, fmt.Sprintf("%6.2f s: %s", time.Since(began).Seconds(), d.now))
	return d
}

// fluxName is that of Flux's objects.
const fluxName = "gateway-gwproxy"

// pinned returns the reference of the newest artifact by its digest.
func (d *delivery) pinned() string {
	d.t.Helper()
	pinned := d.team.gwc("pull", "environments/production", "-o", filepath.Join(d.t.TempDir(), "b"))
	return strings.TrimPrefix(pinned, "oci://")
}

// synced waits until Flux has verified and applied the newest artifact, and the Deployment is rolled out.
func (d *delivery) synced() {
	d.t.Helper()
	_, digest, _ := strings.Cut(d.pinned(), "@")
	d.revision(digest)
}

// rolls waits until Flux has applied a Deployment whose pods have something, and replaces them.
func (d *delivery) rolls(what string, has func(corev1.PodSpec) bool) {
	d.t.Helper()
	eventually(d.t, "Flux has applied a Deployment with "+what, func() error {
		if spec := d.node.spec(); !has(spec) {
			return fmt.Errorf("its pods have the arguments %q", spec.Containers[0].Args)
		}
		return nil
	})
	eventually(d.t, "Flux waits for the pods", func() error {
		applied, err := d.get(d.t.Context(), "Kustomization", fluxName)
		if err != nil {
			return err
		}
		if status, message := condition(applied, "Ready"); status != "Unknown" {
			return fmt.Errorf("ready: %s %s", status, message)
		}
		return nil
	})
	d.node.roll()
}

// revision waits until Flux has applied the artifact with a digest.
func (d *delivery) revision(digest string) {
	d.t.Helper()
	eventually(d.t, "Flux has verified it and applied its manifests", func() error {
		if err := d.node.report(); err != nil {
			return err
		}
		source, err := d.get(d.t.Context(), "OCIRepository", fluxName)
		if err != nil {
			return err
		}
		if status, message := condition(source, "SourceVerified"); status != "True" {
			return fmt.Errorf("not verified: %s", message)
		}
		applied, err := d.get(d.t.Context(), "Kustomization", fluxName)
		if err != nil {
			return err
		}
		revision, _, _ := unstructured.NestedString(applied.Object, "status", "lastAppliedRevision")
		if status, message := condition(applied, "Ready"); status != "True" || !strings.HasSuffix(revision, digest) {
			return fmt.Errorf("%s is applied, not %s: %s", revision, digest, message)
		}
		return nil
	})
}

// unverified waits until Flux says that the newest artifact does not verify.
func (d *delivery) unverified() {
	d.t.Helper()
	eventually(d.t, "Flux refuses it", func() error {
		source, err := d.get(d.t.Context(), "OCIRepository", fluxName)
		if err != nil {
			return err
		}
		if status, message := condition(source, "SourceVerified"); status != "False" {
			return fmt.Errorf("verified: %s %s", status, message)
		}
		return nil
	})
}

// repairs holds that Flux goes on with the manifests that it has: it makes a Service again that somebody deletes.
func (d *delivery) repairs() {
	d.t.Helper()
	key := client.ObjectKey{Namespace: "gateway", Name: "gwproxy"}
	var before, after corev1.Service
	if err := d.Get(d.t.Context(), key, &before); err != nil {
		d.t.Fatal(err)
	}
	if err := d.Delete(d.t.Context(), &before); err != nil {
		d.t.Fatal(err)
	}
	eventually(d.t, "Flux makes a Service again", func() error {
		if err := d.Get(d.t.Context(), key, &after); err != nil {
			return err
		}
		if after.UID == before.UID {
			return fmt.Errorf("it is not deleted yet")
		}
		return nil
	})
}

// change commits another text, runs CI and waits until all serve it.
func (d *delivery) change(text string) {
	d.t.Helper()
	d.team.commit(text)
	d.team.ci("production")
	d.arrives(text)
}

// arrives waits until what was pushed last is served, with a text, and applied.
func (d *delivery) arrives(text string) {
	d.t.Helper()
	d.node.serves(d.team.serial)
	d.node.answers(text)
	d.synced()
}

// A step is something that happens to a gateway that is in use, and how long it took until all was well.
func (d *delivery) step(name string, f func(t *testing.T)) {
	t := d.t
	t.Helper()
	t.Logf("== %s", name)
	d.now = name
	began := time.Now()
	users := use(&d.node.service, func() string { return appKey })
	defer users.halt()
	f(t)
	requests := users.end(t, "stranger", "nobody")
	took := time.Since(began)
	t.Logf("%6.2f s  in all", took.Seconds())
	d.summary = append(d.summary, fmt.Sprintf("%6.2f s %6d requests, none failed: %s", took.Seconds(), requests, name))
	if t.Failed() {
		t.FailNow()
	}
}

// TestDelivery takes one cluster through what happens to it in a year. Requests are sent all the time, and none fails.
func TestDelivery(t *testing.T) {
	d := deliver(t)
	d.step("a change", func(t *testing.T) { d.change("second") })
	d.step("an artifact that a stranger signed", func(t *testing.T) {
		serial := d.team.serial
		d.team.commit("stranger")
		d.team.push("production", "stranger")
		d.node.refuses("unknown-key", serial)
		d.unverified()
		d.repairs()
		d.node.answers("second")
		d.change("after the stranger")
	})
	d.step("an artifact that nobody signed", func(t *testing.T) {
		serial := d.team.serial
		d.team.commit("nobody")
		d.team.gwc("build", "environments/production", "-o", "unsigned.bundle", "--unsigned", "--serial", fmt.Sprint(serial+1))
		d.registry.forge(d.pinned(), "production", d.team.read("unsigned.bundle")) // gwc push refuses to
		d.node.refuses("unsigned", serial)
		d.unverified()
		d.node.answers("after the stranger")
		d.change("after nobody")
	})
	d.step("a tag that is moved back to an older artifact, which verifies", func(t *testing.T) {
		before, serial := d.pinned(), d.team.serial
		d.change("newer")
		d.registry.tag(before, "production")
		d.node.refuses("older-serial", serial+1)
		_, digest, _ := strings.Cut(before, "@")
		d.revision(digest) // Flux knows no order
		d.node.answers("newer")
		d.change("after the older one")
	})
	d.step("a bundle that cannot be served: it needs a Secret that is not there", func(t *testing.T) {
		serial := d.team.serial
		d.team.write("environments/production/partner.cue", partnerCUE)
		d.team.commit("with a partner")
		d.team.ci("production")
		d.node.refuses("model", serial)
		d.node.answers("after the older one")
		d.secret(t, "gateway", "partner", map[string]string{"one": "partner-1", "two": "partner-2"})
		d.rolls("the partner's Secret", func(corev1.PodSpec) bool { return slices.Contains(d.node.reads(), "partner") })
		d.arrives("with a partner")
	})
	d.step("a consumer's API keys are replaced", d.replaceAPIKeys)
	d.step("the registry is down", func(t *testing.T) {
		d.registry.down()
		d.node.each("every proxy tells that it cannot look", func(s proxyStatus) error {
			if s.Source.LastError == "" || !s.Ready {
				return fmt.Errorf("ready %t, %q", s.Ready, s.Source.LastError)
			}
			return nil
		})
		d.repairs()
		d.team.commit("the registry was down")
		if out, err := output(d.team.dir, "gwc", "push", "environments/production", "--key", d.team.key(d.team.signer), "--serial", "99"); err == nil {
			t.Errorf("pushed: %s", out)
		}
		d.registry.up()
		d.team.ci("production")
		d.arrives("the registry was down")
	})
	d.step("source-controller is killed", func(t *testing.T) {
		d.source.kill()
		d.team.commit("without source-controller")
		d.team.ci("production")
		d.node.answers("without source-controller") // proxies need no Flux
		d.source.start()
		d.source.ready(t)
		d.arrives("without source-controller")
	})
	d.step("kustomize-controller is killed", func(t *testing.T) {
		d.kustomize.kill()
		d.team.commit("without kustomize-controller")
		d.team.ci("production")
		d.node.answers("without kustomize-controller")
		d.kustomize.start()
		d.kustomize.ready(t)
		d.arrives("without kustomize-controller")
	})
	d.step("the API server is killed", func(t *testing.T) {
		restart := d.crashAPIServer(t)
		d.team.commit("without API server")
		d.team.ci("production")
		d.node.answers("without API server")
		restart()
		d.arrives("without API server")
	})
	d.step("etcd is killed", func(t *testing.T) {
		restart := d.crashEtcd(t)
		d.team.commit("without etcd")
		d.team.ci("production")
		d.node.answers("without etcd")
		restart()
		d.arrives("without etcd")
	})
	d.step("back to an older state", func(t *testing.T) {
		d.change("a mistake")
		d.team.gwc("rollback", "environments/production", "--key", d.team.key(d.team.signer))
		d.team.serial++
		d.arrives("without etcd")
	})
	d.step("a proxy is killed while it changes bundles, and comes back without a registry", func(t *testing.T) {
		victim := d.node.pods[0]
		d.node.service.set(d.node.pods[1:]...)
		before := "without etcd"
		for i := range 8 {
			text := fmt.Sprintf("change %d", i)
			d.team.commit(text)
			d.team.push("production", d.team.signer)
			// It looks every 200 ms: it is killed before, while and after it takes the bundle. Each instant of that on its own
			// is cmd/gwproxy's to test.
			time.Sleep(time.Duration(i) * 40 * time.Millisecond)
			victim.kill()
			victim.start()
			victim.ready()
			if got, err := victim.ask(); err != nil || got != text && got != before {
				t.Errorf("killed between %q and %q, it answers %q, %v", before, text, got, err)
			}
			before = text
		}
		d.arrives("change 7")
		d.registry.down()
		victim.kill()
		victim.start()
		d.node.serves(d.team.serial)
		d.node.answers("change 7")
		d.registry.up()
		d.node.service.set(d.node.pods...)
	})
	d.step("trust in one who signs ends", d.endTrust)
	d.step("the key that signs is replaced", d.replaceSigner)
	d.step("a proxy that has the bundle from Flux", d.fromFlux)
	d.step("what dev serves becomes production, and what was committed since does not", func(t *testing.T) {
		d.team.commit("tried out")
		d.team.ci("dev")
		d.team.commit("not yet")
		d.team.gwc("promote", "environments/dev", "environments/production", "--key", d.team.key(d.team.signer))
		d.node.answers("tried out")
		d.synced()
	})
	t.Logf("in all:\n%s", strings.Join(d.summary, "\n"))
}

// partnerCUE adds a consumer, whose keys are in a Secret of its own.
const partnerCUE = `package gateway

consumers: partner: apiKeys: {
	primary: secret:   "partner/one"
	secondary: secret: "partner/two"
}
`
