package state_test

import (
	"bufio"
	"crypto/ed25519"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"gwc.dev/runtime/state"
	"gwc.dev/schema/bundle"
	"gwc.dev/schema/bundle/key"
)

// The test binary is also the process that is killed: with this variable it keeps bundles as fast as it can, and says
// which of them it has kept.
const keeperVariable = "GWC_TEST_STATE_KEEPER" // directory, the key's seed, first serial

func TestMain(m *testing.M) {
	if args := os.Getenv(keeperVariable); args != "" {
		keeper(strings.Split(args, "\n"))
		return
	}
	os.Exit(m.Run())
}

func keeper(args []string) {
	seed, err := hex.DecodeString(args[1])
	exit(err)
	private, err := key.New(ed25519.NewKeyFromSeed(seed))
	exit(err)
	serial, err := strconv.ParseUint(args[2], 10, 64)
	exit(err)
	d, trust := state.Open(args[0]), bundle.Trust{Keys: []bundle.PublicKey{private.Public()}}
	for ; ; serial++ {
		b, data, err := sealed(private, "test", serial)
		exit(err)
		exit(d.Keep(b, data, trust))
		fmt.Println(serial)
	}
}

func exit(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// Two proxies share a directory, and are killed again and again in the middle of it. What one of them has kept, or
// something newer, is there each time.
func TestAKillAtAnyInstantLosesNothing(t *testing.T) {
	dir, seed := t.TempDir(), []byte("a seed that is as long as it has")
	private, err := key.New(ed25519.NewKeyFromSeed(seed))
	must(t, err)
	trust := bundle.Trust{Keys: []bundle.PublicKey{private.Public()}}
	random := rand.New(rand.NewPCG(1, 2))
	kept, kills := uint64(1), 0
	for end := time.Now().Add(3 * time.Second); time.Now().Before(end) || kills < 6; {
		var keepers []*keeping
		for i := range 2 {
			keepers = append(keepers, startKeeper(t, dir, hex.EncodeToString(seed), kept+uint64(i)))
		}
		for _, k := range keepers { // both are at work
			k.first(t)
		}
		time.Sleep(time.Duration(random.IntN(30)) * time.Millisecond)
		for _, k := range keepers {
			kept = max(kept, k.kill(t))
			kills++
		}
		got, err := state.Open(dir).Restore(trust)
		must(t, err)
		b, err := bundle.Open(got.Data, trust)
		if err != nil || b.Serial < kept || len(got.Passed) > 0 {
			t.Fatalf("serial %d was kept; restored %q (%v), passing over %v", kept, got.Path, err, got.Passed)
		}
		kept = b.Serial
	}
	t.Logf("%d kills, %d bundles", kills, kept)
	if kept < 4 { // a slow machine has time for few
		t.Errorf("only %d bundles were kept meanwhile", kept)
	}
}

// A keeping is a process that keeps bundles.
type keeping struct {
	cmd  *exec.Cmd
	out  *bufio.Scanner
	last uint64
}

func startKeeper(t *testing.T, dir, seed string, serial uint64) *keeping {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), fmt.Sprintf("%s=%s\n%s\n%d", keeperVariable, dir, seed, serial))
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	must(t, err)
	must(t, cmd.Start())
	return &keeping{cmd: cmd, out: bufio.NewScanner(out)}
}

func (k *keeping) first(t *testing.T) {
	t.Helper()
	if !k.next(t) {
		t.Fatal("a keeper ended before its time")
	}
}

func (k *keeping) next(t *testing.T) bool {
	t.Helper()
	if !k.out.Scan() {
		return false
	}
	n, err := strconv.ParseUint(k.out.Text(), 10, 64)
	must(t, err)
	k.last = n
	return true
}

// kill ends the process where it stands and returns the last serial that it had kept.
func (k *keeping) kill(t *testing.T) uint64 {
	t.Helper()
	must(t, k.cmd.Process.Kill())
	for k.next(t) {
	}
	_ = k.cmd.Wait() // killed
	return k.last
}
