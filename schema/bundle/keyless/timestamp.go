package keyless

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net/http"

	rfc3161 "github.com/digitorus/timestamp"

	"gwc.dev/schema/bundle/timestamp"
)

// requestTimestamp has the authority at url put a time on message. Whether the authority is to be trusted is asked by whoever
// verifies; here the answer has to fit the question.
func requestTimestamp(ctx context.Context, client *http.Client, url string, message []byte) ([]byte, error) {
	token, err := ask(ctx, client, url, message)
	if err != nil {
		return nil, fmt.Errorf("timestamp authority %q: %w", url, err)
	}
	return token, nil
}

func ask(ctx context.Context, client *http.Client, url string, message []byte) ([]byte, error) {
	nonce, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 63))
	if err != nil {
		return nil, err
	}
	question, err := rfc3161.CreateRequest(bytes.NewReader(message), &rfc3161.RequestOptions{
		Hash: crypto.SHA256, Certificates: true, Nonce: nonce,
	})
	if err != nil {
		return nil, err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(question))
	if err != nil {
		return nil, reasonOf(err)
	}
	r.Header.Set("Content-Type", "application/timestamp-query")
	r.Header.Set("Accept", "application/timestamp-reply")
	answer, err := client.Do(r)
	if err != nil {
		return nil, reasonOf(err)
	}
	defer answer.Body.Close()
	token, err := io.ReadAll(io.LimitReader(answer.Body, timestamp.MaxSize+1))
	switch {
	case err != nil:
		return nil, err
	case answer.StatusCode != http.StatusOK && answer.StatusCode != http.StatusCreated:
		return nil, fmt.Errorf("it answers %s", answer.Status)
	case len(token) > timestamp.MaxSize:
		return nil, fmt.Errorf("its answer has more than %d bytes", timestamp.MaxSize)
	}
	said, err := rfc3161.ParseResponse(token)
	switch {
	case err != nil:
		return nil, fmt.Errorf("its answer is no timestamp: %w", err)
	case said.Nonce == nil || said.Nonce.Cmp(nonce) != 0:
		return nil, errors.New("its answer is to another question")
	case len(said.Certificates) == 0:
		return nil, errors.New("its answer lacks its certificate")
	}
	return token, nil
}
