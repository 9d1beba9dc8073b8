package grpc_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// A suite is the programs of the conformance suite, built.
type suite struct {
	runner, referenceClient, referenceServer string
}

func buildSuite(t *testing.T) suite {
	t.Helper()
	const commands = "connectrpc.com/conformance/cmd/"
	dir := t.TempDir()
	cmd := exec.CommandContext(t.Context(), "go", "build", "-o", dir,
		commands+"connectconformance", commands+"referenceclient", commands+"referenceserver")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("building the conformance suite: %v\n%s", err, out)
	}
	return suite{
		runner:          filepath.Join(dir, "connectconformance"),
		referenceClient: filepath.Join(dir, "referenceclient"),
		referenceServer: filepath.Join(dir, "referenceserver"),
	}
}

// backend runs a reference server until the test ends.
func (s suite) backend(t *testing.T, request serverRequest) serverResponse {
	t.Helper()
	cmd := exec.Command(s.referenceServer)
	var message, log bytes.Buffer
	if err := writeMessage(&message, request.marshal()); err != nil {
		t.Fatal(err)
	}
	cmd.Stdin, cmd.Stderr = &message, &log
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill() // it may have ended
		_ = cmd.Wait()         // killed
		if t.Failed() {
			t.Logf("reference server: %s", &log)
		}
	})
	answer, err := readMessage(out)
	if err != nil {
		t.Fatal(err)
	}
	var response serverResponse
	if err := response.unmarshal(answer); err != nil {
		t.Fatal(err)
	}
	return response
}
