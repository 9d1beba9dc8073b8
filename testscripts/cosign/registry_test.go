package cosign_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// A distribution is Debian's docker-registry, which has no API for referrers, over TLS with a certificate of its own and for
// those only who log in.
type distribution struct{ address, ca string }

// hashed is s3cret, by bcrypt.
const hashed = "$2b$12$iOvwGfmc02I.eoU0R9LXluS3vTrj.HFcJEd1KZxRcZZlgIk8UEl8m"

// registryProgram returns docker-registry's path. Where it is missing Debian's package is unpacked, and not installed: that
// would start it.
func registryProgram(t *testing.T) string {
	t.Helper()
	if path, err := exec.LookPath("docker-registry"); err == nil {
		return path
	}
	dir := t.TempDir()
	for _, command := range []string{"apt-get update -qq", "apt-get download -qq docker-registry", "dpkg -x docker-registry_*.deb ."} {
		cmd := exec.CommandContext(t.Context(), "sh", "-c", command)
		cmd.Dir = dir
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("docker-registry is missing, and %s: %v\n%s", command, err, out)
		}
	}
	return filepath.Join(dir, "usr", "bin", "docker-registry")
}

func startDistribution(t *testing.T) *distribution {
	t.Helper()
	program, dir := registryProgram(t), t.TempDir()
	d := &distribution{ca: filepath.Join(dir, "ca.pem")}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	d.address = listener.Addr().String()
	listener.Close()

	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	certificate, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	config := fmt.Sprintf(`version: 0.1
log: {level: error, accesslog: {disabled: true}}
storage: {filesystem: {rootdirectory: %q}}
auth: {htpasswd: {realm: registry, path: %q}}
http: {addr: %q, tls: {certificate: %q, key: %q}}
`, filepath.Join(dir, "data"), filepath.Join(dir, "htpasswd"), d.address, d.ca, filepath.Join(dir, "key.pem"))
	for name, data := range map[string][]byte{
		"ca.pem":     pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate}),
		"key.pem":    pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}),
		"htpasswd":   []byte("ada:" + hashed + "\n"),
		"config.yml": []byte(config),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command(program, "serve", filepath.Join(dir, "config.yml"))
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		c, err := net.Dial("tcp", d.address)
		if err == nil {
			c.Close()
			return d
		}
		if time.Now().After(deadline) {
			t.Fatal(err)
		}
	}
}

// TestARegistryOfTheWorldTakesAndGivesBack goes the whole way with a registry that is not ours: log in, push, list, sign
// again, verify by cosign in both forms, pull, roll back; and what is said where one is not let in.
func TestARegistryOfTheWorldTakesAndGivesBack(t *testing.T) {
	d := startDistribution(t)
	to := newTeam(t)
	to.registry = d.address
	to.run(t, "gwc", "keygen", "-o", "gwc")
	push := []string{"push", "environments/production", "oci://" + d.address + "/team/gateway", "--key", "gwc.key"}

	for _, refusal := range []struct {
		login string
		args  []string
		want  string
	}{
		{"", nil, "has a certificate that is not trusted: x509: certificate signed by unknown authority: name the file of its CA with --registry-ca"},
		{"", []string{"--registry-ca", d.ca}, `asks who wants "team/gateway", and there are no credentials for it: log in with docker login ` + d.address},
		{"ada:wrong", []string{"--registry-ca", d.ca}, `does not accept the credentials of user "ada" for "team/gateway": they are wrong or have expired`},
	} {
		to.login(t, d.address, refusal.login)
		_, said, err := try(to.dir, "gwc", append(push, refusal.args...)...)
		if err == nil || !strings.Contains(said, refusal.want) {
			t.Errorf("login %q, %q: %v: %s", refusal.login, refusal.args, err, said)
		}
	}

	to.login(t, d.address, "ada:s3cret")
	ca := []string{"--registry-ca", d.ca}
	ref := strings.TrimSpace(to.run(t, "gwc", append(push, ca...)...))
	if again := strings.TrimSpace(to.run(t, "gwc", append(push, ca...)...)); again != ref {
		t.Errorf("pushed again it is %s, before %s", again, ref)
	}
	t.Setenv("SSL_CERT_FILE", d.ca) // cosign's way
	for _, form := range []string{"true", "false"} {
		if err := to.verify(strings.TrimPrefix(ref, "oci://"), "gwc.pub", form); err != nil {
			t.Error(err)
		}
	}
	to.run(t, "cosign", "verify-attestation", "--type", "slsaprovenance1", "--key", "gwc.pub", "--insecure-ignore-tlog=true", strings.TrimPrefix(ref, "oci://"))
	t.Setenv("SSL_CERT_FILE", "")

	to.run(t, "gwc", append([]string{"push", "environments/production", "oci://" + d.address + "/team/gateway", "--key", "gwc.key", "--serial", "4000000000"}, ca...)...)
	to.run(t, "gwc", append([]string{"rollback", "environments/production", "oci://" + d.address + "/team/gateway", "--key", "gwc.key"}, ca...)...)
	var list struct {
		Artifacts []struct{ Serial, Restores uint64 }
	}
	if err := json.Unmarshal([]byte(to.run(t, "gwc", append([]string{"list", "environments/production", "oci://" + d.address + "/team/gateway", "--format", "json", "--trust", "gwc.pub"}, ca...)...)), &list); err != nil {
		t.Fatal(err)
	}
	if len(list.Artifacts) != 3 || list.Artifacts[0].Serial != 4000000001 || list.Artifacts[0].Restores != list.Artifacts[2].Serial {
		t.Errorf("listed %+v", list)
	}
	to.run(t, "gwc", append([]string{"pull", ref, "-o", "b"}, ca...)...)
	to.run(t, "gwc", "verify", "b", "--key", "gwc.pub")
}

// login has Docker's configuration of the team hold a user and a password for a registry; "": none.
func (to *team) login(t *testing.T, address, credentials string) {
	t.Helper()
	auths := map[string]any{}
	if user, password, ok := strings.Cut(credentials, ":"); ok {
		auths[address] = map[string]string{"username": user, "password": password}
	}
	config, err := json.Marshal(map[string]any{"auths": auths})
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(to.dir, ".docker")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "config.json"), config, 0o600); err != nil {
		t.Fatal(err)
	}
}
