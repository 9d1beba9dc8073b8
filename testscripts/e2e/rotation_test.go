package e2e_test

import (
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
)

// replaceAPIKeys gives a consumer that has two keys two others, as docs/run.md says: none of its requests fails.
func (d *delivery) replaceAPIKeys(t *testing.T) {
	var key atomic.Value
	key.Store("partner-1")
	partner := use(&d.node.service, func() string { return key.Load().(string) })
	d.secret(t, "gateway", "partner", map[string]string{"one": "partner-1", "two": "partner-3"})
	d.node.sync()
	d.node.knows("partner-3", "partner-2")
	key.Store("partner-3")
	partner.turn(t)
	d.secret(t, "gateway", "partner", map[string]string{"one": "partner-4", "two": "partner-3"})
	d.node.sync()
	d.node.knows("partner-4", "partner-1")
	partner.end(t)
	d.node.serves(d.team.serial)
}

// knows waits until every proxy takes an API key and does not take another.
func (n *node) knows(key, old string) {
	n.t.Helper()
	eventually(n.t, fmt.Sprintf("every proxy knows %s, and %s no more", key, old), func() error {
		for i, p := range n.pods {
			if _, err := p.askWith(key); err != nil {
				return fmt.Errorf("proxy %d: %s: %w", i, key, err)
			}
			if _, err := p.askWith(old); err == nil || err.Error() != "status 401" {
				return fmt.Errorf("proxy %d: %s: %v", i, old, err)
			}
		}
		return nil
	})
}

// endTrust lets trust in one of two who sign end between two pushes, as a trust document says. Flux knows of no ends: its
// administrator takes the key away.
func (d *delivery) endTrust(t *testing.T) {
	const document = "../trust.yaml"
	writes := func(end time.Time) {
		d.team.write(document, fmt.Sprintf("keys:\n  - file: gwc.pub\n  - file: guest.pub\n    expires: %s\n", end.UTC().Format(time.RFC3339)))
	}
	ends := func(end time.Time) {
		t.Helper()
		d.node.sync()
		d.node.each("every proxy knows when trust in the guest ends", func(s proxyStatus) error {
			for _, who := range s.Trust.Trusted {
				if who.Expires != nil && who.Expires.Equal(end) {
					return nil
				}
			}
			return fmt.Errorf("it trusts %+v", s.Trust.Trusted)
		})
	}
	argument := func(flag string) func(corev1.PodSpec) bool {
		return func(spec corev1.PodSpec) bool {
			return slices.ContainsFunc(spec.Containers[0].Args, func(arg string) bool { return strings.HasPrefix(arg, flag) })
		}
	}
	far := time.Date(2099, 1, 1, 0, 0, 0, 0, time.UTC)
	writes(far)
	d.secret(t, fluxNamespace, "gwc-cosign-pub", map[string]string{"cosign.pub": d.team.public("gwc"), "guest.pub": d.team.public("guest")})
	d.team.commit("with a trust document")
	d.team.push("production", "gwc", "--trust", document)
	d.rolls("a trust document", argument("--trust="))
	d.arrives("with a trust document")
	d.team.commit("by the guest")
	d.team.push("production", "guest", "--trust", document)
	d.arrives("by the guest")
	ends(far) // that he signed it does not make it later

	end := time.Now().Add(2 * time.Second).Truncate(time.Second)
	writes(end)
	d.team.commit("the guest leaves")
	d.team.push("production", "gwc", "--trust", document)
	d.arrives("the guest leaves")
	ends(end)
	time.Sleep(time.Until(end))
	serial := d.team.serial
	last := d.node.pods[len(d.node.pods)-1]
	d.node.service.set(d.node.pods[:len(d.node.pods)-1]...)
	d.secret(t, fluxNamespace, "gwc-cosign-pub", map[string]string{"cosign.pub": d.team.public("gwc")})
	d.team.commit("stranger")
	args := []string{"push", "environments/production", "--key", d.team.key("guest"), "--serial", fmt.Sprint(serial + 1)}
	if _, err := output(d.team.dir, "gwc", append(args, "--trust", document)...); err == nil || !strings.Contains(err.Error(), "was trusted until") {
		t.Errorf("gwc push does not say that proxies would refuse it: %v", err)
	}
	d.team.push("production", "guest") // without the document it does not know
	d.node.refuses("expired-trust", serial)
	d.unverified()
	d.node.answers("the guest leaves")
	last.kill()
	last.start()
	d.node.refuses("expired-trust", serial)
	d.node.answers("the guest leaves")
	d.node.service.set(d.node.pods...)

	d.team.commit("without the guest")
	d.team.push("production", "gwc")
	d.rolls("keys alone", argument("--key="))
	d.arrives("without the guest")
}

// replaceSigner has one key after another sign. Proxies learn of them from what is pushed, Flux from its administrator.
func (d *delivery) replaceSigner(t *testing.T) {
	d.team.commit("of two keys")
	d.team.push("production", "gwc", "--trust", "../next.pub")
	d.secret(t, fluxNamespace, "gwc-cosign-pub", map[string]string{"cosign.pub": d.team.public("gwc"), "next.pub": d.team.public("next")})
	d.arrives("of two keys")
	d.node.sync()
	d.team.signer = "next"
	d.change("by the next key")

	// The key before is no more.
	d.secret(t, fluxNamespace, "gwc-cosign-pub", map[string]string{"next.pub": d.team.public("next")})
	d.node.sync()
	d.node.each("every proxy trusts one key", func(s proxyStatus) error {
		if len(s.Trust.Trusted) != 1 {
			return fmt.Errorf("it trusts %+v", s.Trust.Trusted)
		}
		return nil
	})
	serial := d.team.serial
	d.team.commit("stranger")
	d.team.push("production", "gwc")
	d.node.refuses("unknown-key", serial)
	d.unverified()
	d.change("by the next key again")
}
