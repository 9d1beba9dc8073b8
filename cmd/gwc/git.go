package main

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// git runs a git command in dir and returns what it prints, without the last newline. The error is what git says.
func git(ctx context.Context, dir string, args ...string) (string, error) {
	out, err := gitCommand(ctx, dir, args...).Output()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		if said, _, _ := strings.Cut(strings.TrimSpace(string(exit.Stderr)), "\n"); said != "" {
			err = fmt.Errorf("git %s: %s", args[0], said)
		}
	}
	return strings.TrimSuffix(string(out), "\n"), err
}

// gitCommand is a git command in dir, in the repository that dir stands in: a hook sets variables that name the
// repository whose hook it is, relative to another directory.
func gitCommand(ctx context.Context, dir string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "git", append([]string{"-C", dir}, args...)...)
	cmd.Env = append(slices.DeleteFunc(os.Environ(), func(v string) bool {
		name, _, _ := strings.Cut(v, "=")
		return slices.Contains([]string{"GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX", "GIT_COMMON_DIR"}, name)
	}), "LC_ALL=C")
	return cmd
}

// outsideRepository reports whether git fails only because there is no repository.
func outsideRepository(err error) bool {
	return err != nil && strings.Contains(err.Error(), "not a git repository")
}

// maxBaseFile bounds a file of a base; no CUE file that a person edits comes near.
const maxBaseFile = 16 << 20

// extract writes the CUE files of a commit, and the links that may lead to them, below dir: the bytes that were
// committed, whatever .gitattributes makes of them in an archive or a working tree.
func extract(ctx context.Context, repo, commit, dir string) error {
	list, err := git(ctx, repo, "ls-tree", "-r", "-z", "--full-tree", commit)
	if err != nil {
		return err
	}
	var blobs []blob
	var names bytes.Buffer
	for entry := range strings.SplitSeq(list, "\x00") {
		about, name, _ := strings.Cut(entry, "\t")
		fields := strings.Fields(about) // mode, type, object
		if len(fields) != 3 || fields[1] != "blob" {
			continue
		}
		if b := (blob{name: name, link: fields[0] == "120000"}); b.link || path.Ext(name) == ".cue" {
			blobs = append(blobs, b)
			fmt.Fprintln(&names, fields[2])
		}
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()

	cmd := gitCommand(ctx, repo, "cat-file", "--batch")
	cmd.Stdin = &names
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	r := bufio.NewReader(stdout)
	for _, b := range blobs {
		if err = b.write(r, root); err != nil {
			err = fmt.Errorf("%q: %w", b.name, err)
			break
		}
	}
	_, drained := io.Copy(io.Discard, r)
	return cmp.Or(err, drained, cmd.Wait())
}

// A blob is a file or a symbolic link of a commit.
type blob struct {
	name string
	link bool
}

// write reads the blob from what "git cat-file --batch" prints and writes it below root.
func (b blob) write(r *bufio.Reader, root *os.Root) error {
	var object, kind string
	var size int64
	head, err := r.ReadString('\n')
	if err != nil {
		return err
	}
	if _, err := fmt.Sscanf(head, "%s %s %d\n", &object, &kind, &size); err != nil {
		return fmt.Errorf("git cat-file: %s", strings.TrimSpace(head))
	}
	if size > maxBaseFile {
		return fmt.Errorf("it has %d bytes, more than %d", size, maxBaseFile)
	}
	data := make([]byte, size+1) // and a newline
	if _, err := io.ReadFull(r, data); err != nil {
		return err
	}
	data = data[:size]
	name := filepath.FromSlash(b.name)
	if b.link && !filepath.IsLocal(filepath.FromSlash(path.Join(path.Dir(b.name), string(data)))) {
		return nil // it leads out of the repository
	}
	if err := root.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	if b.link {
		return root.Symlink(filepath.FromSlash(string(data)), name)
	}
	return root.WriteFile(name, data, 0o644)
}
