package timestamp_test

import (
	"bytes"
	"crypto/x509"
	"encoding/asn1"
	"slices"
	"strings"
	"testing"
	"time"

	"gwc.dev/schema/bundle/timestamp"
)

// nested returns values in one another, down to the inmost, in which nothing is.
func nested(levels int) []byte {
	var out []byte
	for range levels {
		head := []byte{0x30, byte(len(out))}
		switch {
		case len(out) > 255:
			head = []byte{0x30, 0x82, byte(len(out) >> 8), byte(len(out))}
		case len(out) > 127:
			head = []byte{0x30, 0x81, byte(len(out))}
		}
		out = append(head, out...)
	}
	return out
}

// TestOnlyAnAuthoritysWordIsTaken offers what somebody may make of a token. Each is refused, in words of its own.
func TestOnlyAnAuthoritysWordIsTaken(t *testing.T) {
	message := []byte("a signature")
	root := issue(t, "root", nil, authority)
	between := issue(t, "between", root, authority)
	stamper := issue(t, "stamper", root, usages(t, true, oidStamping))
	below := issue(t, "below", between, usages(t, true, oidStamping))
	stranger := issue(t, "stranger", issue(t, "root", nil, authority), usages(t, true, oidStamping))
	ended := issue(t, "ended", root, func(c *x509.Certificate) {
		usages(t, true, oidStamping)(c)
		c.NotAfter = now.Add(-time.Hour)
	})
	endedRoot := issue(t, "ended root", nil, func(c *x509.Certificate) {
		authority(c)
		c.NotAfter = now.Add(-time.Hour)
	})
	good := tokenOver(message, stamper)
	whole := good.encode(t)
	with := func(change func(*token)) []byte {
		tok := good
		change(&tok)
		return tok.encode(t)
	}
	by := func(p *party) []byte { return tokenOver(message, p).encode(t) }
	flipped := bytes.Clone(whole)
	flipped[len(flipped)-1] ^= 1

	tests := map[string]struct {
		token       []byte
		authorities []*party // nil: the root
		want        string   // "": it is good
	}{
		"a token":                                {whole, nil, ""},
		"one by an authority below another":      {with(func(k *token) { k.signers, k.carries = []*party{below}, []*party{below, between} }), nil, ""},
		"with what is between in the trust":      {by(below), []*party{root, between}, ""},
		"nothing":                                {nil, nil, "it cannot be read"},
		"no response":                            {[]byte("<html>"), nil, "it cannot be read"},
		"half a token":                           {whole[:len(whole)/2], nil, "it cannot be read"},
		"all but a byte":                         {whole[:len(whole)-1], nil, "it cannot be read"},
		"a byte more":                            {append(bytes.Clone(whole), 0), nil, "it cannot be read"},
		"a token twice":                          {append(bytes.Clone(whole), whole...), nil, "trailing data"},
		"more than is allowed":                   {make([]byte, timestamp.MaxSize+1), nil, "it has 65537 bytes, the most allowed is 65536"},
		"lengths larger than it is":              {[]byte{0x30, 0x84, 0x7f, 0xff, 0xff, 0xff, 0x30, 0x84, 0x7f, 0xff, 0xff, 0xff}, nil, "it cannot be read"},
		"lengths of lengths":                     {append([]byte{0x30, 0xff}, bytes.Repeat([]byte{0xff}, 127)...), nil, "it cannot be read"},
		"a nest":                                 {respond(t, 0, nested(15_000)), nil, "it nests more than 32 levels deep"},
		"a nest of no length":                    {respond(t, 0, append([]byte{0x30, 0x82, 0x80, 0x00}, bytes.Repeat([]byte{0x30, 0x80}, 0x4000)...)), nil, "it cannot be read"},
		"a refusal":                              {respond(t, 2, whole), nil, "the request is rejected"},
		"no token in it":                         {der(t, struct{ Status struct{ Status int } }{}), nil, "no pkcs7 data"},
		"something else in it":                   {respond(t, 0, der(t, 1)), nil, "it cannot be read"},
		"a signature that was changed":           {flipped, nil, "it cannot be read"},
		"another's imprint":                      {tokenOver([]byte("another signature"), stamper).encode(t), nil, "it is about something else"},
		"half an imprint":                        {with(func(k *token) { k.imprint = k.imprint[:16] }), nil, "it is about something else"},
		"no imprint":                             {with(func(k *token) { k.imprint = nil }), nil, "no hashed message"},
		"an imprint by SHA-1":                    {with(func(k *token) { k.hash, k.imprint = oidSHA1, k.imprint[:20] }), nil, "it is over a digest that is not SHA-2"},
		"signed by SHA-1":                        {with(func(k *token) { k.digest = oidSHA1 }), nil, "it is signed over a digest that is not SHA-2"},
		"nobody's":                               {with(func(k *token) { k.signers = nil }), nil, "it cannot be read"},
		"two authorities'":                       {with(func(k *token) { k.signers, k.carries = []*party{stamper, below}, []*party{stamper, below, between} }), nil, "it does not hold the certificate of the one authority"},
		"one authority's twice":                  {with(func(k *token) { k.signers = []*party{stamper, stamper} }), nil, "it does not hold the certificate of the one authority"},
		"no certificate":                         {with(func(k *token) { k.carries = nil }), nil, "it does not hold the certificate of the one authority"},
		"another's certificate":                  {with(func(k *token) { k.carries = []*party{below} }), nil, "it cannot be read"},
		"a stranger's":                           {by(stranger), nil, "unknown authority"},
		"a stranger's, who brings the root":      {with(func(k *token) { k.signers, k.carries = []*party{stranger}, []*party{stranger, root} }), nil, "unknown authority"},
		"nobody trusted":                         {whole, []*party{}, "unknown authority"},
		"below one that is not there":            {by(below), nil, "unknown authority"},
		"only what is between is trusted":        {by(below), []*party{between}, "unknown authority"},
		"only the stamper is trusted":            {whole, []*party{stamper}, "unknown authority"},
		"a certificate that has ended":           {by(ended), nil, "outside of certificate validity"},
		"an authority that has ended":            {by(issue(t, "late", endedRoot, usages(t, true, oidStamping))), []*party{endedRoot}, "expired"},
		"a time before the certificate's":        {with(func(k *token) { k.at = now.AddDate(-1, 0, 0) }), nil, "expired or is not yet valid"},
		"a time after the certificate's":         {with(func(k *token) { k.at = now.AddDate(1, 0, 0) }), nil, "expired or is not yet valid"},
		"no time":                                {with(func(k *token) { k.at = time.Time{} }), nil, "it says no time"},
		"a certificate for code":                 {by(issue(t, "code", root, usages(t, true, oidCodeSigning))), nil, "not for timestamps alone"},
		"a certificate for both":                 {by(issue(t, "both", root, usages(t, true, oidStamping, oidCodeSigning))), nil, "not for timestamps alone"},
		"a certificate for anything":             {by(issue(t, "any", root, usages(t, true))), nil, "not for timestamps alone"},
		"a certificate that may be misread":      {by(issue(t, "not critical", root, usages(t, false, oidStamping))), nil, "not for timestamps alone"},
		"a certificate for something of its own": {by(issue(t, "own", root, usages(t, true, oidStamping, asn1.ObjectIdentifier{1, 2, 3}))), nil, "not for timestamps alone"},
		"something else that was signed":         {with(func(k *token) { k.contentType = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 1} }), nil, "what is signed does not say that it is a timestamp"},
		"a signature without attributes":         {with(func(k *token) { k.bare = true }), nil, "what is signed does not say that it is a timestamp"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if tt.authorities == nil {
				tt.authorities = []*party{root}
			}
			began := time.Now()
			at, err := timestamp.Verify(tt.token, message, certificates(tt.authorities...))
			if took := time.Since(began); took > 2*time.Second {
				t.Errorf("it took %v", took)
			}
			switch {
			case tt.want == "" && (err != nil || !at.Equal(now)):
				t.Errorf("it says %v, %v", at, err)
			case tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want) || !at.IsZero()):
				t.Errorf("it says %v, error %v, want one with %q", at, err, tt.want)
			}
		})
	}
}

// TestEveryByteOfATokenCounts changes each in turn: what is taken then says the same, or nothing.
func TestEveryByteOfATokenCounts(t *testing.T) {
	message := []byte("a signature")
	root := issue(t, "root", nil, authority)
	whole := tokenOver(message, issue(t, "stamper", root, usages(t, true, oidStamping))).encode(t)
	for i := range whole {
		for _, bit := range []byte{1, 0x80} {
			changed := slices.Clone(whole)
			changed[i] ^= bit
			if at, err := timestamp.Verify(changed, message, certificates(root)); err == nil && !at.Equal(now) {
				t.Errorf("byte %d: it says %v", i, at)
			}
		}
	}
}

// FuzzVerify holds that nothing but a signature by the authority makes a time.
func FuzzVerify(f *testing.F) {
	message := []byte("a signature")
	root := issue(f, "root", nil, authority)
	stamper := issue(f, "stamper", root, usages(f, true, oidStamping))
	good := tokenOver(message, stamper)
	f.Add(good.encode(f))
	good.signers = append(good.signers, stamper)
	f.Add(good.encode(f))
	f.Add(respond(f, 0, nested(100)))
	f.Add([]byte{0x30, 0x80, 0x30, 0x80, 0, 0})
	f.Fuzz(func(t *testing.T, data []byte) {
		at, err := timestamp.Verify(data, message, certificates(root))
		if (err == nil) != at.Equal(now) {
			t.Errorf("it says %v, %v", at, err)
		}
	})
}

func certificates(of ...*party) []*x509.Certificate {
	var out []*x509.Certificate
	for _, p := range of {
		out = append(out, p.Certificate)
	}
	return out
}
