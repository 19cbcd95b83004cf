// SPDX-License-Identifier: GPL-3.0-or-later

package main

import (
	"embed"
	"encoding/json"
	"log/slog"
	"net/http"
	"runtime"
	"strconv"
	"time"
)

//go:embed assets
var assets embed.FS

const (
	bodyLimit = 1 << 20 // bytes of a request
	workLimit = 5000    // milliseconds of /api/work
)

// newHandler returns the whole service: all routes and the middleware.
func newHandler(config Config, log *slog.Logger) http.Handler {
	routes := http.NewServeMux()
	routes.HandleFunc("GET /healthz", health)
	routes.HandleFunc("GET /version", showVersion)
	routes.HandleFunc("GET /api/greet/{name}", func(answer http.ResponseWriter, request *http.Request) {
		writeJSON(answer, http.StatusOK, map[string]any{"message": config.Greeting + ", " + request.PathValue("name") + "!"})
	})
	routes.HandleFunc("POST /api/sum", sum)
	routes.HandleFunc("GET /api/work", work)
	routes.HandleFunc("GET /{$}", func(answer http.ResponseWriter, request *http.Request) {
		http.ServeFileFS(answer, request, assets, "assets/index.html")
	})
	routes.Handle("GET /assets/", http.FileServerFS(assets))
	return logged(log, recovered(log, named(limited(routes))))
}

// health includes the release, as some health checks read only the body.
func health(answer http.ResponseWriter, _ *http.Request) {
	writeJSON(answer, http.StatusOK, map[string]any{"status": "ok", "release": version})
}

func showVersion(answer http.ResponseWriter, _ *http.Request) {
	writeJSON(answer, http.StatusOK, map[string]any{"version": version, "commit": commit, "go": runtime.Version()})
}

func sum(answer http.ResponseWriter, request *http.Request) {
	var input struct {
		Numbers []float64 `json:"numbers"`
	}
	if err := json.NewDecoder(request.Body).Decode(&input); err != nil || len(input.Numbers) == 0 {
		writeJSON(answer, http.StatusBadRequest, map[string]any{"error": `send {"numbers": [1, 2, 3]}`})
		return
	}
	total := 0.0
	for _, number := range input.Numbers {
		total += number
	}
	writeJSON(answer, http.StatusOK, map[string]any{"sum": total})
}

// work takes as long as requested, to show that a deploy lets open requests finish.
func work(answer http.ResponseWriter, request *http.Request) {
	wanted, err := strconv.Atoi(request.URL.Query().Get("ms"))
	if err != nil || wanted < 0 || wanted > workLimit {
		writeJSON(answer, http.StatusBadRequest, map[string]any{"error": "ms is a number from 0 to " + strconv.Itoa(workLimit)})
		return
	}
	select {
	case <-time.After(time.Duration(wanted) * time.Millisecond):
		writeJSON(answer, http.StatusOK, map[string]any{"worked_ms": wanted})
	case <-request.Context().Done():
	}
}

func writeJSON(answer http.ResponseWriter, status int, value any) {
	answer.Header().Set("Content-Type", "application/json; charset=utf-8")
	answer.WriteHeader(status)
	_ = json.NewEncoder(answer).Encode(value) // a client that has disconnected gets no error
}

// named adds the release to every response: so a health check cannot mistake the old process for the new one, and nginx can log
// it.
func named(next http.Handler) http.Handler {
	return http.HandlerFunc(func(answer http.ResponseWriter, request *http.Request) {
		answer.Header().Set("X-Release", version)
		next.ServeHTTP(answer, request)
	})
}

func limited(next http.Handler) http.Handler {
	return http.HandlerFunc(func(answer http.ResponseWriter, request *http.Request) {
		request.Body = http.MaxBytesReader(answer, request.Body, bodyLimit)
		next.ServeHTTP(answer, request)
	})
}

func recovered(log *slog.Logger, next http.Handler) http.Handler {
	return http.HandlerFunc(func(answer http.ResponseWriter, request *http.Request) {
		defer func() {
			if problem := recover(); problem != nil {
				log.Error("panic", "problem", problem, "path", request.URL.Path)
				writeJSON(answer, http.StatusInternalServerError, map[string]any{"error": "internal error"})
			}
		}()
		next.ServeHTTP(answer, request)
	})
}

// logged writes one line per request. Health checks, which come every few seconds, are logged at level DEBUG.
func logged(log *slog.Logger, next http.Handler) http.Handler {
	return http.HandlerFunc(func(answer http.ResponseWriter, request *http.Request) {
		started := time.Now()
		seen := &statusWriter{ResponseWriter: answer, status: http.StatusOK}
		next.ServeHTTP(seen, request)
		level := slog.LevelInfo
		if request.URL.Path == "/healthz" {
			level = slog.LevelDebug
		}
		log.Log(request.Context(), level, "request", "method", request.Method, "path", request.URL.Path,
			"status", seen.status, "ms", time.Since(started).Milliseconds(), "client", request.RemoteAddr)
	})
}

// statusWriter records the status for the log.
type statusWriter struct {
	http.ResponseWriter
	status int
}

func (writer *statusWriter) WriteHeader(status int) {
	writer.status = status
	writer.ResponseWriter.WriteHeader(status)
}

func (writer *statusWriter) Unwrap() http.ResponseWriter { return writer.ResponseWriter }
