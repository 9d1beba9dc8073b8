package trust

import (
	"crypto/x509"
	"fmt"

	"gwc.dev/schema"
	"gwc.dev/schema/bundle"
)

// Of returns whom the settings of the target kube trust, and what is wrong with them. Nobody is known to be trusted where
// they leave it to a ConfigMap.
func Of(k *schema.Kube) (bundle.Trust, []schema.Problem) {
	s := settings{at: schema.NewPath("targets", "kube")}
	for name, text := range schema.Sorted(k.Keys) {
		s.key("target-key", entry{PEM: text}, "keys", name)
	}
	t := k.Trust
	if t == nil {
		return s.trust, s.problems
	}
	for name, key := range schema.Sorted(t.Keys) {
		s.key("target-trust", entry{PEM: key.PEM, Expires: key.Expires}, "trust", "keys", name)
	}
	for name, who := range schema.Sorted(t.Identities) {
		i, err := identity(who).identity()
		if err != nil {
			s.report("target-trust", fmt.Sprintf("identity %q: %v", name, err), "name who signs as certificates do, by issuer and subject or by patterns of them", "trust", "identities", name)
			continue
		}
		s.trust.Identities = append(s.trust.Identities, i)
	}
	s.authorities(&s.trust.Authorities, t.Authorities, "authorities")
	s.authorities(&s.trust.TimeAuthorities, t.TimeAuthorities, "timeAuthorities")
	if len(t.Identities) > 0 && len(t.Authorities) == 0 {
		s.report("target-trust", "nobody gives the identities their certificates", "set targets.kube.trust.authorities", "trust", "identities")
	}
	if t.ConfigMap != "" && len(k.Keys)+len(t.Keys)+len(t.Identities)+len(t.Authorities)+len(t.TimeAuthorities) > 0 {
		s.report("target-trust", fmt.Sprintf("ConfigMap %q says whom proxies trust, and so does the environment", t.ConfigMap), "leave one of them out", "trust", "configMap")
	}
	return s.trust, s.problems
}

// settings are read one by one, so that all that is wrong with them is said at once.
type settings struct {
	at       schema.Path
	trust    bundle.Trust
	problems []schema.Problem
}

func (s *settings) report(code, message, hint string, names ...string) {
	s.problems = append(s.problems, schema.Problem{Path: s.at.Join(names...), Code: code, Message: message, Hint: hint})
}

func (s *settings) key(code string, e entry, names ...string) {
	keys, err := e.keys(nil)
	if err != nil {
		s.report(code, fmt.Sprintf("key %q: %v", names[len(names)-1], err), "put the .pub file that gwc keygen or cosign wrote here", names...)
		return
	}
	s.trust.Keys = append(s.trust.Keys, keys...)
}

func (s *settings) authorities(to *[]*x509.Certificate, from map[string]string, field string) {
	for name, text := range schema.Sorted(from) {
		certificates, err := ParseCertificates([]byte(text))
		if err != nil {
			s.report("target-trust", fmt.Sprintf("authority %q: %v", name, err), "put the authority's certificates here, in PEM", "trust", field, name)
			continue
		}
		*to = append(*to, certificates...)
	}
}
