package jwks

import (
	"hash/maphash"
	"slices"
	"strings"
	"sync"
	"time"
)

// What a set remembers of tokens, at most. A memory has parts, each with its lock.
const (
	memoryParts  = 32
	partTokens   = 1024    // 32,768 in all
	partBytes    = 1 << 20 // 32 MiB in all
	tokenBytes   = partBytes / 8
	entryBytes   = 256 // of the memory itself, for each token
	suffixLength = 32
)

// A memory holds what tokens say that keys of a set have signed, so that a token that comes again is not verified
// again. It belongs to one [Set], which never changes: with the set it ends when a key goes or comes.
//
// It holds nothing but what was verified, and of that what was of use lately: a token that came again since the
// clock's hand last passed is passed over once more (the CLOCK algorithm).
//
// A token is looked up as a whole. The time that takes says nothing about those that are held: which of them a guess
// is compared with depends on a hash of all its bytes that nobody outside can compute.
type memory struct {
	seed  maphash.Seed
	parts [memoryParts]memoryPart
}

type memoryPart struct {
	mu      sync.Mutex
	byToken map[string]*remembered
	clock   []*remembered
	hand    int
	bytes   int
}

type remembered struct {
	token string
	says  any
	size  int
	until time.Time
	again bool // it was asked for since the hand last passed
}

// Recall returns what [Set.Remember] was told of a token, as long as it holds. It allocates nothing.
func (s *Set) Recall(token string, now time.Time) (says any, ok bool) {
	p := s.tokens.part(token)
	p.mu.Lock()
	defer p.mu.Unlock()
	e := p.byToken[token]
	if e == nil {
		return nil, false
	}
	if !now.Before(e.until) {
		p.forget(slices.Index(p.clock, e))
		return nil, false
	}
	e.again = true
	return e.says, true
}

// Remember keeps what a token says whose signature a key of this very set has made, until it expires. The caller
// has verified that; says is shared by all who recall it and takes about size bytes. The token is cloned. What is
// too large is not kept, and what was of no use lately makes room.
func (s *Set) Remember(token string, says any, size int, now, until time.Time) {
	size += len(token) + entryBytes
	if size > tokenBytes || !now.Before(until) {
		return
	}
	p := s.tokens.part(token)
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.byToken[token] != nil {
		return
	}
	for len(p.clock) >= partTokens || p.bytes+size > partBytes {
		p.makeRoom(now)
	}
	e := &remembered{token: strings.Clone(token), says: says, size: size, until: until}
	if p.byToken == nil {
		p.byToken = map[string]*remembered{}
	}
	p.byToken[e.token] = e
	p.clock = slices.Insert(p.clock, p.hand, e) // behind the hand, which comes to it last
	p.hand++
	p.bytes += size
}

// part returns the part of a token. The end of its signature picks one: of valid tokens, nobody chooses that.
func (m *memory) part(token string) *memoryPart {
	end := token[max(0, len(token)-suffixLength):]
	return &m.parts[maphash.String(m.seed, end)%memoryParts]
}

// makeRoom moves the hand on to a token that has expired or did not come again, and forgets it.
func (p *memoryPart) makeRoom(now time.Time) {
	for {
		if p.hand == len(p.clock) {
			p.hand = 0
		}
		e := p.clock[p.hand]
		if !e.again || !now.Before(e.until) {
			p.forget(p.hand)
			return
		}
		e.again = false
		p.hand++
	}
}

func (p *memoryPart) forget(i int) {
	e := p.clock[i]
	delete(p.byToken, e.token)
	p.bytes -= e.size
	p.clock = slices.Delete(p.clock, i, i+1)
	if i < p.hand {
		p.hand--
	}
}
