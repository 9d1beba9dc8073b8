package e2e_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// A delivery is all of it, from the repository to proxies that serve.
type delivery struct {
	*cluster
	t                 *testing.T
	team              *team
	registry          *ociRegistry
	source, kustomize *controller
	node              *node
}

// deliver brings a first state of production to three proxies.
func deliver(t *testing.T) *delivery {
	t.Helper()
	d := &delivery{t: t, cluster: newCluster(t), registry: newRegistry(t)}
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
	d.secret(t, fluxNamespace, "gwc-cosign-pub", map[string]string{"cosign.pub": d.team.must(d.team.dir, "cat", "../gwc.pub")})
	for _, o := range objects(t, filepath.Join(rendered, "flux")) {
		if err := d.apply(t.Context(), o); err != nil {
			t.Fatal(err)
		}
	}
	d.node = newNode(t, d.cluster, "gateway", "gwproxy", 3)
	d.node.serves(d.team.serial)
	d.node.answers("first")
	d.synced()
	return d
}

// name is that of Flux's objects.
const name = "gateway-gwproxy"

// synced waits until Flux has verified and applied the newest artifact, and the Deployment is rolled out.
func (d *delivery) synced() {
	d.t.Helper()
	pinned := d.team.gwc("pull", "oci://"+d.registry.address+"/gateway/production:production", "-o", filepath.Join(d.t.TempDir(), "b"))
	digest := pinned[strings.Index(pinned, "@")+1:]
	d.revision(digest)
}

// revision waits until Flux has applied the artifact with a digest.
func (d *delivery) revision(digest string) {
	d.t.Helper()
	eventually(d.t, "Flux has verified it and applied its manifests", func() error {
		if err := d.node.report(); err != nil {
			return err
		}
		source, err := d.get(d.t.Context(), "OCIRepository", name)
		if err != nil {
			return err
		}
		if status, message := condition(source, "SourceVerified"); status != "True" {
			return fmt.Errorf("not verified: %s", message)
		}
		applied, err := d.get(d.t.Context(), "Kustomization", name)
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
		source, err := d.get(d.t.Context(), "OCIRepository", name)
		if err != nil {
			return err
		}
		if status, message := condition(source, "SourceVerified"); status != "False" {
			return fmt.Errorf("verified: %s %s", status, message)
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

// TestDelivery takes one cluster through what happens to it in a year.
func TestDelivery(t *testing.T) {
	d := deliver(t)
	step := func(name string, f func(t *testing.T)) {
		t.Logf("== %s", name)
		began := time.Now()
		f(t)
		t.Logf("%6.2f s  in all", time.Since(began).Seconds())
		if t.Failed() {
			t.FailNow()
		}
	}
	step("a change", func(t *testing.T) {
		users := use(d.node.pods)
		d.change("second")
		users.end(t)
	})
	step("an artifact that a stranger signed", func(t *testing.T) {
		users := use(d.node.pods)
		serial := d.team.serial
		d.team.commit("stranger")
		d.team.push("production", "stranger")
		d.node.refuses("unknown-key", serial)
		d.unverified()
		d.node.answers("second")
		users.end(t)
		d.change("after the stranger")
	})
	step("the registry is down", func(t *testing.T) {
		users := use(d.node.pods)
		d.registry.down()
		d.node.each("every proxy tells that it cannot look", func(s proxyStatus) error {
			if s.Source.LastError == "" || !s.Ready {
				return fmt.Errorf("ready %t, %q", s.Ready, s.Source.LastError)
			}
			return nil
		})
		d.team.commit("the registry was down")
		if out, err := output(d.team.dir, "gwc", "push", "environments/production", "--key", d.team.key("gwc"), "--serial", "99"); err == nil {
			t.Errorf("pushed: %s", out)
		}
		d.registry.up()
		d.team.ci("production")
		d.arrives("the registry was down")
		users.end(t)
	})
	step("source-controller is killed", func(t *testing.T) {
		users := use(d.node.pods)
		d.source.kill()
		d.team.commit("without source-controller")
		d.team.ci("production")
		d.node.answers("without source-controller") // proxies need no Flux
		d.source.start()
		d.source.ready(t)
		d.arrives("without source-controller")
		users.end(t)
	})
	step("the API server is killed", func(t *testing.T) {
		users := use(d.node.pods)
		restart := d.crash(t)
		d.team.commit("without API server")
		d.team.ci("production")
		d.node.answers("without API server")
		restart()
		d.arrives("without API server")
		users.end(t)
	})
	step("back to an older state", func(t *testing.T) {
		users := use(d.node.pods)
		d.change("a mistake")
		d.team.gwc("rollback", "environments/production", "--key", d.team.key("gwc"))
		d.team.serial++
		d.arrives("without API server")
		users.end(t)
	})
	step("a proxy is killed while bundles change, and comes back without a registry", func(t *testing.T) {
		users := use(d.node.pods[1:])
		victim := d.node.pods[0]
		for i := range 5 {
			d.team.commit(fmt.Sprintf("change %d", i))
			d.team.push("production", "gwc")
			victim.kill()
			victim.start()
		}
		d.arrives("change 4")
		d.registry.down()
		victim.kill()
		victim.start()
		d.node.serves(d.team.serial)
		d.node.answers("change 4")
		d.registry.up()
		users.end(t)
	})
	step("what dev serves becomes production, and what was committed since does not", func(t *testing.T) {
		users := use(d.node.pods)
		d.team.commit("tried out")
		d.team.ci("dev")
		d.team.commit("not yet")
		d.team.gwc("promote", "environments/dev", "environments/production", "--key", d.team.key("gwc"))
		d.node.answers("tried out")
		d.synced()
		users.end(t)
	})
}
