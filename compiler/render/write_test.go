package render_test

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gwc.dev/compiler/render"
)

func files(pairs ...string) []render.File {
	var out []render.File
	for i := 0; i < len(pairs); i += 2 {
		out = append(out, render.File{Path: pairs[i], Data: []byte(pairs[i+1])})
	}
	return out
}

func mustWrite(t *testing.T, dir string, f []render.File) render.Changes {
	t.Helper()
	changes, err := render.Write(dir, f)
	if err != nil {
		t.Fatal(err)
	}
	return changes
}

func TestWriteReplacesItsOwnFilesAndLeavesOthers(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "out")
	mustWrite(t, dir, files("kube/a.yaml", "1", "kube/b.yaml", "2", "old/c.yaml", "3", "kustomization.yaml", "4"))
	writeTree(t, dir, map[string]string{"README.md": "mine", "old/mine.txt": "mine"})
	got := mustWrite(t, dir, files("kube/a.yaml", "1", "kube/b.yaml", "two", "new/d.yaml", "5", "kustomization.yaml", "4"))
	want := render.Changes{Written: []string{"kube/b.yaml", "new/d.yaml"}, Removed: []string{"old/c.yaml"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("changes (-want +got):\n%s", diff)
	}
	wantTree := map[string]string{
		".gwc-files": "kube/a.yaml\nkube/b.yaml\nkustomization.yaml\nnew/d.yaml\n",
		"README.md":  "mine", "old/mine.txt": "mine",
		"kube/a.yaml": "1", "kube/b.yaml": "two", "new/d.yaml": "5", "kustomization.yaml": "4",
	}
	if diff := cmp.Diff(wantTree, tree(t, dir)); diff != "" {
		t.Errorf("directory (-want +got):\n%s", diff)
	}
}

func TestWriteRemovesDirectoriesThatItEmpties(t *testing.T) {
	dir := t.TempDir()
	mustWrite(t, dir, files("a/b/c.yaml", "1", "d.yaml", "2"))
	mustWrite(t, dir, files("d.yaml", "2"))
	if _, err := os.Stat(filepath.Join(dir, "a")); !os.IsNotExist(err) {
		t.Errorf("directory a: %v", err)
	}
}

func TestWriteTwiceTouchesNothing(t *testing.T) {
	dir := t.TempDir()
	f := mustRender(t, input(t))
	mustWrite(t, dir, f)
	long := time.Date(2001, 2, 3, 4, 5, 6, 0, time.UTC)
	for p := range tree(t, dir) {
		if err := os.Chtimes(filepath.Join(dir, p), long, long); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(render.Changes{}, mustWrite(t, dir, f)); diff != "" {
		t.Errorf("changes (-want +got):\n%s", diff)
	}
	for p := range tree(t, dir) {
		info, err := os.Stat(filepath.Join(dir, p))
		if err != nil {
			t.Fatal(err)
		}
		if !info.ModTime().Equal(long) {
			t.Errorf("%s was written again", p)
		}
	}
}

func TestWriteTurnsAFileIntoADirectory(t *testing.T) {
	dir := t.TempDir()
	mustWrite(t, dir, files("kube", "1"))
	mustWrite(t, dir, files("kube/a.yaml", "2"))
	if diff := cmp.Diff(map[string]string{".gwc-files": "kube/a.yaml\n", "kube/a.yaml": "2"}, tree(t, dir)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestWriteRefusesAndChangesNothing(t *testing.T) {
	for name, tc := range map[string]struct {
		before map[string]string
		files  []render.File
		want   string
	}{
		"a foreign file in a file's place": {
			map[string]string{"kube/a.yaml": "mine"}, files("b.yaml", "1", "kube/a.yaml", "2"),
			`"kube/a.yaml" is in the way: it is not gwc's; move it or choose another directory`,
		},
		"a foreign file in a directory's place": {
			map[string]string{"kube": "mine"}, files("b.yaml", "1", "kube/a.yaml", "2"), `something is in the way of "kube/a.yaml"`,
		},
		"a directory in a file's place": {
			map[string]string{"kube/a.yaml/x": "mine"}, files("b.yaml", "1", "kube/a.yaml", "2"), "it is not a regular file",
		},
		"a list that is not gwc's": {
			map[string]string{".gwc-files": "../../etc/passwd\n"}, files("a", "1"), `"../../etc/passwd" is no path of a rendered file`,
		},
		"a way out":  {nil, files("../a", "1"), `"../a" is no path below a directory`},
		"absolute":   {nil, files("/a", "1"), `"/a" is no path below a directory`},
		"twice":      {nil, files("a", "1", "a", "2"), `"a" is taken`},
		"the list":   {nil, files(".gwc-files", "1"), `".gwc-files" is taken`},
		"a and a/b":  {nil, files("a/b", "1", "a", "2"), `"a" is a file, and a directory of "a/b"`},
		"line break": {nil, files("a\nb", "1"), `"a\nb" is no path below a directory`},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			writeTree(t, dir, tc.before)
			before := tree(t, dir)
			_, err := render.Write(dir, tc.files)
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("error %v, want one with %s", err, tc.want)
			}
			if diff := cmp.Diff(before, tree(t, dir)); diff != "" {
				t.Errorf("directory (-want +got):\n%s", diff)
			}
		})
	}
}

func TestWriteThatFailsLeavesNoNewDirectory(t *testing.T) {
	parent := t.TempDir()
	if _, err := render.Write(filepath.Join(parent, "a", "b"), files("x", "1", strings.Repeat("y", 300), "2")); err == nil {
		t.Fatal("no error")
	}
	if _, err := os.Stat(filepath.Join(parent, "a")); !os.IsNotExist(err) {
		t.Errorf("directory a: %v", err)
	}
	if err := os.WriteFile(filepath.Join(parent, "file"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := render.Write(filepath.Join(parent, "file"), files("x", "1")); err == nil {
		t.Error("a file is written into")
	}
}

// TestWriteIsUndone lets a change fail after others have been made: the last file's directory is a file.
func TestWriteIsUndone(t *testing.T) {
	dir := t.TempDir()
	mustWrite(t, dir, files("kube/a.yaml", "1", "old/deep/b.yaml", "2", "c.yaml", "3"))
	writeTree(t, dir, map[string]string{"blocked": "mine"})
	before := tree(t, dir)
	err := render.WriteUnprepared(dir, files("c.yaml", "three", "kube/a.yaml", "one", "new/deep/d.yaml", "4", "blocked/e.yaml", "5"), "old/deep/b.yaml")
	if err == nil {
		t.Fatal("no error")
	}
	if diff := cmp.Diff(before, tree(t, dir)); diff != "" {
		t.Errorf("directory (-want +got):\n%s", diff)
	}
	for _, name := range []string{"new", ".gwc-stage"} {
		if _, err := os.Lstat(filepath.Join(dir, name)); !os.IsNotExist(err) {
			t.Errorf("%s was left behind: %v", name, err)
		}
	}
}

func TestWriteGoesThroughNoLink(t *testing.T) {
	dir, elsewhere := t.TempDir(), t.TempDir()
	if err := os.Symlink(elsewhere, filepath.Join(dir, "kube")); err != nil {
		t.Fatal(err)
	}
	if _, err := render.Write(dir, files("kube/a.yaml", "1")); err == nil {
		t.Error("no error")
	}
	if diff := cmp.Diff(map[string]string{}, tree(t, elsewhere)); diff != "" {
		t.Errorf("elsewhere (-want +got):\n%s", diff)
	}
}

func TestWritesAtOnceFollowEachOther(t *testing.T) {
	dir := t.TempDir()
	var done sync.WaitGroup
	for i := range 16 {
		done.Go(func() {
			text := []byte(strconv.Itoa(i))
			files := []render.File{{Path: "a/one", Data: text}, {Path: "a/two", Data: text}, {Path: "b/three", Data: text}}
			if _, err := render.Write(dir, files); err != nil {
				t.Error(err)
			}
		})
	}
	done.Wait()
	var texts []string
	for _, name := range []string{"a/one", "a/two", "b/three"} {
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		texts = append(texts, string(text))
	}
	if texts[0] != texts[1] || texts[1] != texts[2] {
		t.Errorf("the files of %q are those of several writes", texts)
	}
}
