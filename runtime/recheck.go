package runtime

import (
	"context"
	"hash/fnv"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// maxPatience is how many times Recheck lies between two tries of what keeps failing.
const maxPatience = 16

// recheck tries again until ctx ends what failed for a reason that may pass: a bundle that was refused for an outside
// reason, what was left out of the one in force, and keeping one that could not be kept. That is less and less often, and
// at once when a secret changes, for they may have waited for that: stirred says when, and where no events come through, a
// look does.
func (s *Server) recheck(ctx context.Context, stirred <-chan struct{}) {
	ticker := time.NewTicker(s.o.Recheck)
	defer ticker.Stop()
	var seen uint64 // of the secrets; 0: nothing waits for any
	for wait, patience := 1, 1; ; {
		select {
		case <-ctx.Done():
			return
		case <-stirred:
			wait, patience = 1, 1
		case <-ticker.C:
		}
		s.tellStale()
		s.retrust()
		pending, _ := s.status.again()
		unkept := s.status.unkept()
		lacking := len(s.current.Load().leftOut()) > 0
		if pending == nil && !unkept && !lacking {
			wait, patience, seen = 1, 1, 0
			continue
		}
		if now := fingerprint(s.o.SecretsDir); now != seen {
			wait, patience, seen = 1, 1, now
		}
		if wait--; wait > 0 {
			continue
		}
		patience = min(2*patience, maxPatience)
		wait = patience
		if pending != nil {
			s.retry()
		}
		if unkept {
			s.keepAgain()
		}
		if lacking {
			s.heal()
		}
	}
}

// heal builds the generation in force again if it leaves something out, and swaps that in if it leaves out less. What it
// serves it goes on serving: the secrets in use stay so, even if they are gone.
func (s *Server) heal() {
	s.apply.Lock()
	defer s.apply.Unlock()
	g := s.current.Load()
	if len(g.leftOut()) == 0 {
		return
	}
	next, problems := s.build(g.bundle)
	if len(problems) > 0 || len(beyond(g.leftOut(), next.leftOut())) == 0 {
		return
	}
	next.data, next.origin, next.since = g.data, g.origin, g.since
	if r := s.install(next); r != nil {
		s.o.Logger.Error("what was left out can be served and is not yet", "message", r.message)
	}
}

// maxSecretFiles bounds a look at the secrets directory.
const maxSecretFiles = 10_000

// fingerprint changes when a file below dir does: its name, size or time of change. Kubernetes replaces a whole
// directory behind a symbolic link, so links are followed to files.
func fingerprint(dir string) uint64 {
	if dir == "" {
		return 0
	}
	sum := fnv.New64a()
	files := 0
	var look func(dir string, depth int)
	look = func(dir string, depth int) {
		entries, err := os.ReadDir(dir)
		if err != nil || depth > 3 {
			return
		}
		for _, e := range entries {
			if files++; files > maxSecretFiles {
				return
			}
			path := filepath.Join(dir, e.Name())
			info, err := os.Stat(path)
			if err != nil {
				continue
			}
			if info.IsDir() {
				look(path, depth+1)
				continue
			}
			stamp(sum, path, info)
		}
	}
	look(dir, 0)
	return sum.Sum64()
}

func stamp(sum interface{ Write([]byte) (int, error) }, path string, info fs.FileInfo) {
	line := path + "\x00" + info.ModTime().UTC().Format(time.RFC3339Nano) + "\x00" + info.Mode().String()
	_, _ = sum.Write([]byte(line)) // a hash does not fail
	_, _ = sum.Write([]byte{byte(info.Size()), byte(info.Size() >> 8), byte(info.Size() >> 16), 0})
}
