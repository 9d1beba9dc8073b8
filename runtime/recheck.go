package runtime

import (
	"context"
	"hash/fnv"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"gwc.dev/schema"
)

// maxPatience is how many times Recheck lies between two tries of what keeps failing.
const maxPatience = 16

// recheck looks at what lies outside bundles until ctx ends: when a secret has changed, the generation in force
// is built again with the new one; a bundle that was refused for an outside reason is tried again, and so is
// keeping one that could not be kept. What fails is tried less and less often, and at once when a secret changes.
func (s *Server) recheck(ctx context.Context, inUse uint64) {
	ticker := time.NewTicker(s.o.Recheck)
	defer ticker.Stop()
	seen := inUse
	for wait, patience := 1, 1; ; {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		s.retrust()
		now := fingerprint(s.o.SecretsDir)
		if now != seen {
			seen, wait, patience = now, 1, 1
		}
		pending, _ := s.status.again()
		unkept := s.status.unkept()
		if pending == nil && !unkept && now == inUse {
			wait, patience = 1, 1
			continue
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
		if now != inUse && s.rebuild() {
			inUse = now
		}
	}
}

// rebuild builds the bundle in force again. While that fails, as it does with a certificate whose key is still
// to be written, the generation as it is goes on.
func (s *Server) rebuild() bool {
	s.apply.Lock()
	defer s.apply.Unlock()
	g := s.current.Load()
	if g == nil {
		return true
	}
	r := s.renew(g)
	if r != nil {
		if s.status.setSecrets(r.message) {
			s.o.Logger.Error("secrets have changed and cannot be used yet", "message", r.message)
		}
		return false
	}
	s.status.setSecrets("")
	s.o.Logger.Info("secrets have changed: serving with the new ones")
	return true
}

// renew builds a generation again and swaps that in. What it serves it goes on serving: an API whose secret is gone
// keeps the one that it has, by keeping the whole generation.
func (s *Server) renew(g *generation) *refusal {
	next, problems := s.build(g.bundle)
	for _, i := range beyond(next.leftOut(), g.leftOut()) {
		for _, p := range i.Problems {
			problems = append(problems, schema.Problem{Path: schema.Path(p.Path), Code: p.Code, Message: p.Message, Hint: p.Hint})
		}
	}
	if len(problems) > 0 {
		return &refusal{reason: refusedModel, message: summary("the bundle cannot be served", problems), problems: problems, outside: true}
	}
	next.data, next.origin, next.since = g.data, g.origin, g.since
	return s.install(next)
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
