package e2e_test

import (
	"fmt"
	"sync/atomic"
	"testing"
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
