//go:build unix

package render_test

import (
	"bufio"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gwc.dev/compiler/render"
)

// outputs are three that a directory gets in turn: some files are in all of them, some come and go.
func outputs() [][]render.File {
	all := [][]render.File{
		files("a.yaml", "1", "kube/b.yaml", "1", "flux", "1"),
		files("a.yaml", "2", "kube/b.yaml", "2", "f.yaml", "2"),
		files("a.yaml", "3", "kube/b.yaml", "3", "f.yaml", "3"),
	}
	for i := range 40 {
		from := i % 3
		for _, output := range []int{from, (from + 1) % 3} {
			all[output] = append(all[output], render.File{Path: fmt.Sprintf("d%d/%d.yaml", i%4, i), Data: fmt.Append(nil, output+1)})
		}
	}
	return all
}

// asChild is set in the process that a test kills or confines.
const asChild = "GWC_RENDER_TEST_CHILD"

// child is a process that runs this test again, with asChild set to dir.
func child(t *testing.T, dir string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+t.Name()+"$")
	cmd.Env = append(os.Environ(), asChild+"="+dir)
	return cmd
}

// TestWriteThatIsKilledIsMendedByTheNext kills a process that writes one output after the other, at any moment. Every
// file is then one of the outputs' and whole, and the next write leaves nothing but its own.
func TestWriteThatIsKilledIsMendedByTheNext(t *testing.T) {
	if dir := os.Getenv(asChild); dir != "" {
		for i := 0; ; i++ {
			if _, err := render.Write(dir, outputs()[i%3]); err != nil {
				t.Fatal(err)
			}
			if i == 0 {
				fmt.Println("writing")
			}
		}
	}
	may := map[string]map[string]bool{}
	for _, output := range outputs() {
		for _, f := range output {
			if may[f.Path] == nil {
				may[f.Path] = map[string]bool{}
			}
			may[f.Path][string(f.Data)] = true
		}
	}
	dir := t.TempDir()
	writeTree(t, dir, map[string]string{"README.md": "mine", "kube/mine.yaml": "mine"})
	interrupted := 0
	for round := range 24 {
		cmd := child(t, dir)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		if line, err := bufio.NewReader(out).ReadString('\n'); line != "writing\n" {
			t.Fatalf("it says %q (%v)", line, err)
		}
		if round%2 == 0 { // at any moment, or when files are on the move
			time.Sleep(time.Duration(rand.IntN(10_000)) * time.Microsecond)
		} else {
			for began := time.Now(); time.Since(began) < 10*time.Second; {
				if _, err := os.Lstat(filepath.Join(dir, ".gwc-stage", "kept")); err == nil {
					break
				}
			}
			time.Sleep(time.Duration(rand.IntN(1000)) * time.Microsecond)
		}
		_ = cmd.Process.Kill()
		_ = cmd.Wait()

		now := tree(t, dir)
		for _, p := range []string{"a.yaml", "kube/b.yaml"} {
			if _, ok := now[p]; !ok {
				t.Errorf("%s, which every output has, is gone", p)
			}
		}
		moving := false
		for p, text := range now {
			switch {
			case strings.HasPrefix(p, ".gwc-stage/"):
				moving = moving || strings.HasPrefix(p, ".gwc-stage/kept/")
			case p == "README.md" || p == "kube/mine.yaml" || p == ".gwc-files":
			case !may[p][text]:
				t.Errorf("%s holds %q", p, text)
			}
		}
		if moving {
			interrupted++
		}
		output := files("a.yaml", "4", "kube/b.yaml", "4", "g.yaml", fmt.Sprint(round))
		mustWrite(t, dir, output)
		want := contents(output)
		want["README.md"], want["kube/mine.yaml"] = "mine", "mine"
		want[".gwc-files"] = "a.yaml\ng.yaml\nkube/b.yaml\n"
		if diff := cmp.Diff(want, tree(t, dir)); diff != "" {
			t.Fatalf("after the next write (-want +got):\n%s", diff)
		}
		if _, err := os.Lstat(filepath.Join(dir, ".gwc-stage")); !os.IsNotExist(err) {
			t.Errorf("the stage was left behind: %v", err)
		}
	}
	if interrupted == 0 {
		t.Error("no write was killed while it moved files")
	}
}

// TestWriteToAFullDiskChangesNothing writes files as a process that may not make any of so many bytes, at which writing
// fails as it does where there is no room.
func TestWriteToAFullDiskChangesNothing(t *testing.T) {
	if dir := os.Getenv(asChild); dir != "" {
		signal.Ignore(syscall.SIGXFSZ)
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: 10, Max: 10}); err != nil {
			t.Fatal(err)
		}
		if _, err := render.Write(dir, files("a.yaml", "new", "b.yaml", "new", "kube/c.yaml", "more than there is room for")); err == nil {
			t.Fatal("no error")
		}
		return
	}
	dir := t.TempDir()
	mustWrite(t, dir, files("a.yaml", "1", "old/d.yaml", "1"))
	writeTree(t, dir, map[string]string{"README.md": "mine"})
	before := tree(t, dir)
	if out, err := child(t, dir).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if diff := cmp.Diff(before, tree(t, dir)); diff != "" {
		t.Errorf("directory (-want +got):\n%s", diff)
	}
	// Not even an empty directory.
	_ = filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		if d.IsDir() && p != dir && filepath.Base(p) != "old" {
			t.Errorf("%s was left behind", p)
		}
		return err
	})
}

// TestWriteThatFailsLeavesTheFilesOfOthers has one write fail in a directory that it has made, while another waits for it.
func TestWriteThatFailsLeavesTheFilesOfOthers(t *testing.T) {
	for range 20 {
		dir := filepath.Join(t.TempDir(), "new", "out")
		failed := make(chan error)
		go func() {
			_, err := render.Write(dir, files("x", "1", strings.Repeat("y", 300), "2"))
			failed <- err
		}()
		mustWrite(t, dir, files("a", "1"))
		if err := <-failed; err == nil {
			t.Fatal("no error")
		}
		if diff := cmp.Diff(map[string]string{".gwc-files": "a\n", "a": "1"}, tree(t, dir)); diff != "" {
			t.Fatalf("(-want +got):\n%s", diff)
		}
	}
}
