//go:build amd64 || arm64

package main

import (
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
)

// namespace is set in a process that has mounts of its own.
const namespace = "GWC_TEST_MOUNTS"

// withMounts runs the test that calls it in a process whose mounts nobody else sees, and which nobody has to undo. It reports
// whether this is that process; elsewhere the test is over.
func withMounts(t *testing.T) bool {
	t.Helper()
	if os.Getenv(namespace) != "" {
		return true
	}
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v")
	cmd.Env = append(os.Environ(), namespace+"=1")
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags: syscall.CLONE_NEWUSER | syscall.CLONE_NEWNS, Pdeathsig: syscall.SIGKILL,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}},
	}
	out, err := cmd.CombinedOutput()
	if errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EINVAL) {
		t.Fatalf("this machine does not let the test have mounts of its own, and so no full disk: %v: allow user namespaces (sysctl "+
			"user.max_user_namespaces, and kernel.apparmor_restrict_unprivileged_userns=0 where there is one)", err)
	}
	if err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	t.Logf("%s", out)
	return false
}

// A disk is a file system of so many pages.
type disk struct {
	s    *site
	path string
}

// page is what a file system gives away at once.
const page = 4096

func (s *site) mount(name string, pages int) disk {
	s.t.Helper()
	d := disk{s, s.path(name)}
	s.must(os.Mkdir(d.path, 0o700))
	if err := syscall.Mount("tmpfs", d.path, "tmpfs", 0, fmt.Sprint("size=", pages*page)); err != nil {
		s.t.Fatalf("mounting a tmpfs: %v: where a security module keeps it from user namespaces, set the sysctl kernel.apparmor_restrict_unprivileged_userns=0", err)
	}
	s.t.Cleanup(func() { s.must(syscall.Unmount(d.path, 0)) })
	return d
}

// fill takes all but so many pages.
func (d disk) fill(left int) {
	d.s.t.Helper()
	var free syscall.Statfs_t
	d.s.must(syscall.Statfs(d.path, &free))
	d.s.must(os.WriteFile(d.path+"/others", make([]byte, (int(free.Bfree)-left)*page), 0o600))
	d.s.must(syscall.Statfs(d.path, &free))
	if int(free.Bfree) != left {
		d.s.t.Fatalf("%d pages are free, want %d", free.Bfree, left)
	}
}

// empty gives back what fill took.
func (d disk) empty() {
	d.s.t.Helper()
	d.s.must(os.Remove(d.path + "/others"))
}

// state is the state directory on the disk.
func (d disk) state() string { return d.path + "/state" }

// long returns a text that begins with a word and takes so many pages in a bundle, however that is packed.
func long(word string, pages int) string {
	text := []byte(word + " ")
	for range pages * page * 4 / 3 { // six bits each
		text = append(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"[rand.N(64)])
	}
	return string(text)
}

// TestAFullDiskNeverHoldsAProxyUp has a disk of which so many pages are left: from none to enough for another bundle and other
// keys. The proxy starts, changes to the new bundle and takes tokens by the new keys all the same, and says what it cannot
// keep. Killed, and with its source and the issuer gone, it serves what it has kept, whole.
func TestAFullDiskNeverHoldsAProxyUp(t *testing.T) {
	if !withMounts(t) {
		return
	}
	const pages = 4 // of a bundle, and one or two more; the new one has twice as many
	s := newSite(t)
	texts := []string{long("old", pages), long("new", 2*pages)}
	left := s.left(long("first", pages), texts[0])
	seen := map[string]bool{}
	for free := range 2*pages + 4 {
		t.Run(fmt.Sprintf("%d pages are free", free), func(t *testing.T) {
			s := *s
			s.t = t
			d := s.mount(fmt.Sprint("disk", free), 64)
			s.must(os.CopyFS(d.state(), os.DirFS(left)))
			if free == 0 { // nor can any be made so by giving an older bundle up
				older, err := filepath.Glob(d.state() + "/last-good.1.*")
				s.must(err)
				s.must(os.Remove(older[0]))
			}
			d.fill(free)
			s.publish(3, texts[1])
			p := s.start(d.state())
			bundle, keys := p.holds(d.state(), 3, "new")
			seen[fmt.Sprintf("bundle %t, keys %t", bundle, keys)] = true
			p.serves(texts[1])
			if got := p.takes(s.issuer, "old", "new"); !slices.Equal(got, []string{"new"}) {
				t.Errorf("it takes tokens of %q", got)
			}
			if free == 0 {
				d.empty() // and it tries again
				p.status(func(now proxyStatus) bool { return now.StateError == "" })
				if bundle, _ := p.holds(d.state(), 3, "new"); !bundle {
					t.Error("there is room, and the bundle is not kept")
				}
			}
			p.kill()
			bundle, keys = kept(t, d.state(), 3, "new") // keys that it fetched since may have found room
			cut, err := filepath.Glob(d.state() + "/.*")
			s.must(err)
			if len(cut) > 0 {
				t.Errorf("it leaves %q on a full disk", cut)
			}

			s.gone()
			p = s.start(d.state())
			defer p.kill()
			text, key := texts[0], "old"
			if bundle {
				text = texts[1]
			}
			if keys {
				key = "new"
			}
			p.serves(text)
			if got := p.takes(s.issuer, "old", "new"); !slices.Equal(got, []string{key}) {
				t.Errorf("it takes tokens of %q, want %q", got, key)
			}
		})
	}
	for _, want := range []string{"bundle false, keys false", "bundle true, keys true"} {
		if !seen[want] {
			t.Errorf("never seen: %s, but %v", want, seen)
		}
	}
}
