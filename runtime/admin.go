package runtime

import (
	"encoding/json"
	"net/http"
	"net/http/pprof"
)

// adminHandler serves /healthz (the process lives), /readyz (a bundle is served and will be for a while),
// /status, /metrics and the profiles of /debug/pprof. None of them changes anything.
func (s *Server) adminHandler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/healthz", func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, http.StatusOK, map[string]string{"status": "alive"})
	})
	mux.HandleFunc("/readyz", s.readyz)
	mux.HandleFunc("/status", func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, http.StatusOK, s.Status())
	})
	mux.Handle("/metrics", s.metrics.Handler())
	mux.HandleFunc("/debug/pprof/", pprof.Index)
	mux.HandleFunc("/debug/pprof/cmdline", pprof.Cmdline)
	mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("/debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("/debug/pprof/trace", pprof.Trace)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			writeJSON(w, http.StatusMethodNotAllowed, map[string]string{"error": "only GET and HEAD are served here"})
			return
		}
		mux.ServeHTTP(w, r)
	})
}

func (s *Server) readyz(w http.ResponseWriter, _ *http.Request) {
	status := s.Status()
	out := struct {
		Ready  bool   `json:"ready"`
		Reason string `json:"reason,omitempty"`
		Detail string `json:"detail,omitempty"`
	}{Ready: status.Ready}
	code := http.StatusOK
	if !out.Ready {
		code = http.StatusServiceUnavailable
		switch {
		case status.Draining:
			out.Reason = "draining"
		case status.Active != nil:
			out.Reason, out.Detail = "stale", "the source has not confirmed what is served for more than "+status.Source.MaxStaleness
		case status.Refused != nil:
			out.Reason, out.Detail = "bundle-refused", status.Refused.Message
		case status.Source.LastError != "":
			out.Reason, out.Detail = "source-unavailable", status.Source.LastError
		default:
			out.Reason = "no-bundle"
		}
	}
	writeJSON(w, code, out)
}

func writeJSON(w http.ResponseWriter, code int, v any) {
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(code)
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	_ = enc.Encode(v) // the client is gone
}
