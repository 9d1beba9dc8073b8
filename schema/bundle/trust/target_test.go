package trust_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gwc.dev/schema"
	"gwc.dev/schema/bundle/trust"
)

func TestSettingsOfTheTargetAreADocument(t *testing.T) {
	plain, ending, authority := newKey(t), newKey(t), newAuthority(t)
	k := &schema.Kube{
		Keys: map[string]string{"plain": string(plain.Marshal())},
		Trust: &schema.Trust{
			Keys:            map[string]schema.TrustedKey{"ending": {PEM: string(ending.Marshal()), Expires: "2027-03-01"}},
			Identities:      map[string]schema.TrustedIdentity{"ci": {Issuer: "https://ci.example.com", SubjectPattern: "team/.*", Expires: "2027-03-01T12:00:00Z"}},
			Authorities:     map[string]string{"ca": authority},
			TimeAuthorities: map[string]string{"tsa": authority + authority},
		},
	}
	got, problems := trust.Of(k)
	if problems != nil {
		t.Fatal(problems)
	}
	if len(got.Keys) != 2 || !got.Keys[0].Expires.IsZero() || !got.Keys[1].Expires.Equal(time.Date(2027, 3, 2, 0, 0, 0, 0, time.UTC)) {
		t.Errorf("keys %v", got.Keys)
	}
	if len(got.Identities) != 1 || !got.Identities[0].Match("https://ci.example.com", "team/gateway") || got.Identities[0].Expires.Hour() != 12 {
		t.Errorf("identities %v", got.Identities)
	}
	if len(got.Authorities) != 1 || len(got.TimeAuthorities) != 2 {
		t.Errorf("%d and %d authorities", len(got.Authorities), len(got.TimeAuthorities))
	}
	// What proxies read is the same.
	text, err := trust.Format(got)
	if err != nil {
		t.Fatal(err)
	}
	again, err := trust.Parse(text, nil)
	if err != nil || len(again.Keys) != 2 || len(again.Identities) != 1 || again.Identities[0].String() != got.Identities[0].String() {
		t.Errorf("read again: %v, %v\n%s", again, err, text)
	}
}

func TestSettingsOfTheTargetThatCannotBeUsed(t *testing.T) {
	public := string(newKey(t).Marshal())
	for name, test := range map[string]struct {
		kube schema.Kube
		want []string
	}{
		"nothing": {schema.Kube{}, nil},
		"no key": {schema.Kube{Keys: map[string]string{"ci": "hello"}},
			[]string{`targets.kube.keys.ci: key "ci": there is no PEM block: not a public key [target-key]`}},
		"a private key": {schema.Kube{Trust: &schema.Trust{Keys: map[string]schema.TrustedKey{"ci": {PEM: "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"}}}},
			[]string{`targets.kube.trust.keys.ci: key "ci": it is a private key: give the public one, and keep this one secret [target-trust]`}},
		"no such day": {schema.Kube{Trust: &schema.Trust{Keys: map[string]schema.TrustedKey{"ci": {PEM: public, Expires: "2027-02-30"}}}},
			[]string{`targets.kube.trust.keys.ci: key "ci": expires: "2027-02-30" is no day, as 2006-01-02, and no time, as 2006-01-02T15:04:05Z [target-trust]`}},
		"identities": {schema.Kube{Trust: &schema.Trust{Identities: map[string]schema.TrustedIdentity{
			"both": {Issuer: "https://x", IssuerPattern: "x", Subject: "y"}, "neither": {Issuer: "https://x"}, "pattern": {Issuer: "https://x", SubjectPattern: "("},
		}}}, []string{
			`targets.kube.trust.identities.both: identity "both": give one of issuer and issuerPattern [target-trust]`,
			`targets.kube.trust.identities.neither: identity "neither": give one of subject and subjectPattern [target-trust]`,
			`targets.kube.trust.identities.pattern: identity "pattern": subjectPattern: error parsing regexp: missing closing ): ` + "`(`" + ` [target-trust]`,
			`targets.kube.trust.identities: nobody gives the identities their certificates [target-trust]`,
		}},
		"an authority": {schema.Kube{Trust: &schema.Trust{TimeAuthorities: map[string]string{"tsa": public}}},
			[]string{`targets.kube.trust.timeAuthorities.tsa: authority "tsa": a PEM block of type "PUBLIC KEY" is not supported: give a CERTIFICATE [target-trust]`}},
		"two who say it": {schema.Kube{Keys: map[string]string{"ci": public}, Trust: &schema.Trust{ConfigMap: "mine"}},
			[]string{`targets.kube.trust.configMap: ConfigMap "mine" says whom proxies trust, and so does the environment [target-trust]`}},
	} {
		t.Run(name, func(t *testing.T) {
			_, problems := trust.Of(&test.kube)
			var got []string
			for _, p := range problems {
				got = append(got, p.Error())
				if p.Hint == "" {
					t.Errorf("%s has no hint", p.Path)
				}
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
