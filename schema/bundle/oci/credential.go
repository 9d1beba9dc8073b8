package oci

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/docker/cli/cli/config"
	"github.com/docker/cli/cli/config/types"
	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
)

// tokenUser stands beside a token where a registry asks for a user and a password. Those that take tokens there take any
// user's name.
const tokenUser = "serviceaccount"

// defaultKeychain finds credentials as the tools for containers do: in the file that REGISTRY_AUTH_FILE names, as podman,
// skopeo and buildah have it, else in Docker's configuration, else in podman's own. The files are read each time.
func defaultKeychain() authn.Keychain {
	return authn.NewMultiKeychain(authFile{}, authn.DefaultKeychain)
}

// authFile is the file that REGISTRY_AUTH_FILE names. go-containerregistry looks at it only where Docker has no
// configuration; but who sets a variable means it.
type authFile struct{}

// Resolve implements [authn.Keychain].
func (authFile) Resolve(target authn.Resource) (authn.Authenticator, error) {
	file := os.Getenv("REGISTRY_AUTH_FILE")
	if file == "" {
		return authn.Anonymous, nil
	}
	f, err := os.Open(file)
	if errors.Is(err, os.ErrNotExist) {
		return authn.Anonymous, nil // "podman login" has yet to write it
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	c, err := config.LoadFromReader(f)
	if err != nil {
		return nil, fmt.Errorf("REGISTRY_AUTH_FILE %q: %w", file, err)
	}
	if of, ok := c.AuthConfigs["docker.io"]; ok && target.RegistryStr() == name.DefaultRegistry { // podman's name, which Docker does not know
		c.AuthConfigs[authn.DefaultAuthKey] = of
	}
	for _, key := range []string{target.String(), target.RegistryStr()} {
		found, err := c.GetAuthConfig(key)
		if err != nil {
			return nil, err
		}
		found.ServerAddress = ""
		if found != (types.AuthConfig{}) {
			return authn.FromConfig(authn.AuthConfig{
				Username: found.Username, Password: found.Password, Auth: found.Auth,
				IdentityToken: found.IdentityToken, RegistryToken: found.RegistryToken,
			}), nil
		}
	}
	return authn.Anonymous, nil
}

// A tokenFile holds a token that somebody else renews, such as a Kubernetes service account's: it is read at each use. A
// registry's token service gets it as an identity token (grant_type=refresh_token, as Docker does it), one that knows no
// such grant as a password, and so does a registry that asks for a user and a password.
type tokenFile string

func (f tokenFile) read() (string, error) {
	data, err := os.ReadFile(string(f))
	if err != nil {
		return "", err
	}
	token := strings.TrimSpace(string(data))
	if token == "" || strings.ContainsAny(token, " \t\r\n") {
		return "", fmt.Errorf("token file %q holds no token", string(f))
	}
	return token, nil
}

// Authorization implements [authn.Authenticator].
func (f tokenFile) Authorization() (*authn.AuthConfig, error) {
	token, err := f.read()
	if err != nil {
		return nil, err
	}
	return &authn.AuthConfig{Username: tokenUser, Password: token, IdentityToken: token}, nil
}

// Resolve implements [authn.Keychain].
func (s *session) Resolve(target authn.Resource) (authn.Authenticator, error) {
	return s.ResolveContext(context.Background(), target)
}

// helperTime is how long credentials may take: somebody may have to touch a key.
const helperTime = 2 * time.Minute

// ResolveContext implements [authn.ContextKeychain].
func (s *session) ResolveContext(ctx context.Context, target authn.Resource) (authn.Authenticator, error) {
	ctx, cancel := context.WithTimeout(ctx, helperTime)
	defer cancel()
	a := s.asked.answer(func() (auth authn.Authenticator, who string, err error) {
		later := context.WithoutCancel(ctx) // somebody else may wait for it too
		if auth, err = s.resolve(later, target); err == nil {
			who, err = identity(later, auth)
		}
		return auth, who, err
	})
	select {
	case <-a.done:
		if a.err != nil {
			return nil, &credentialError{s.ref.Host(), a.err}
		}
		s.who.Store(&a.who)
		return a.auth, nil
	case <-ctx.Done():
		return nil, &credentialError{s.ref.Host(), fmt.Errorf("a credential helper of Docker's configuration does not answer: %w", ctx.Err())}
	}
}

// An inquiry is for the credentials of one repository. A credential helper is a program that may hang, and nothing ends it with
// who waits for it; so it is left behind, and nobody starts another one until it has answered.
type inquiry struct {
	mu  sync.Mutex
	now *answer
}

type answer struct {
	done chan struct{} // closed once there is what follows
	auth authn.Authenticator
	who  string
	err  error
}

// answer returns the answer that is awaited already, or else that of ask.
func (q *inquiry) answer(ask func() (authn.Authenticator, string, error)) *answer {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.now == nil {
		a := &answer{done: make(chan struct{})}
		q.now = a
		go func() {
			a.auth, a.who, a.err = ask()
			q.mu.Lock()
			defer q.mu.Unlock()
			q.now = nil
			close(a.done)
		}()
	}
	return q.now
}

func (s *session) resolve(ctx context.Context, target authn.Resource) (authn.Authenticator, error) {
	if s.token != "" {
		return s.token, nil
	}
	return authn.Resolve(ctx, s.keychain, target)
}

// identity says whose credentials they are, as a message has it; "" of none.
func identity(ctx context.Context, auth authn.Authenticator) (string, error) {
	if auth == authn.Anonymous {
		return "", nil
	}
	if f, ok := auth.(tokenFile); ok {
		_, err := f.read()
		return fmt.Sprintf("the token in %q", string(f)), err
	}
	c, err := authn.Authorization(ctx, auth)
	switch {
	case err != nil:
		return "", err
	case c.Username != "" && c.Username != "<token>":
		return fmt.Sprintf("user %q", c.Username), nil
	case *c == (authn.AuthConfig{}):
		return "", nil
	}
	return "the token in Docker's configuration", nil
}
