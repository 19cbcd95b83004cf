// SPDX-License-Identifier: GPL-3.0-or-later

package main

import (
	"bytes"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestRoutes(t *testing.T) {
	version, commit = "1.4.2", "8d0f"
	handler := newHandler(Config{Greeting: "Hello"}, slog.New(slog.DiscardHandler))
	cases := []struct {
		method, path, body string
		status             int
		want               string
	}{
		{"GET", "/healthz", "", 200, `"release":"1.4.2"`},
		{"GET", "/version", "", 200, `"commit":"8d0f"`},
		{"GET", "/api/greet/ann", "", 200, `"message":"Hello, ann!"`},
		{"POST", "/api/sum", `{"numbers": [1, 2, 3.5]}`, 200, `"sum":6.5`},
		{"POST", "/api/sum", `{"numbers": []}`, 400, "numbers"},
		{"POST", "/api/sum", `{`, 400, "numbers"},
		{"POST", "/api/sum", `{"numbers": [` + strings.Repeat("1,", bodyLimit) + `1]}`, 400, "numbers"},
		{"GET", "/api/work?ms=1", "", 200, `"worked_ms":1`},
		{"GET", "/api/work?ms=5001", "", 400, "5000"},
		{"GET", "/api/work", "", 400, "5000"},
		{"GET", "/", "", 200, "<h1>It runs</h1>"},
		{"GET", "/assets/style.css", "", 200, "max-width"},
		{"GET", "/nothing", "", 404, ""},
	}
	for _, row := range cases {
		answer := httptest.NewRecorder()
		handler.ServeHTTP(answer, httptest.NewRequest(row.method, row.path, strings.NewReader(row.body)))
		if answer.Code != row.status || !strings.Contains(answer.Body.String(), row.want) {
			t.Errorf("%s %s: got %d %s", row.method, row.path, answer.Code, answer.Body)
		}
	}
}

func TestEveryAnswerNamesTheRelease(t *testing.T) {
	version = "1.4.2"
	for _, path := range []string{"/healthz", "/", "/nowhere", "/api/work"} {
		answer := httptest.NewRecorder()
		newHandler(Config{}, slog.New(slog.DiscardHandler)).ServeHTTP(answer, httptest.NewRequest("GET", path, nil))
		if got := answer.Header().Get("X-Release"); got != "1.4.2" {
			t.Errorf("X-Release of %s: %q", path, got)
		}
	}
}

func TestHealthNamesTheRelease(t *testing.T) {
	version = "1.4.2"
	answer := httptest.NewRecorder()
	newHandler(Config{}, slog.New(slog.DiscardHandler)).ServeHTTP(answer, httptest.NewRequest("GET", "/healthz", nil))
	if got := strings.TrimSpace(answer.Body.String()); got != `{"release":"1.4.2","status":"ok"}` {
		t.Errorf("body: %s", got)
	}
}

func TestOneJSONLineARequestButNoneForHealth(t *testing.T) {
	var lines bytes.Buffer
	server := httptest.NewServer(newHandler(Config{}, slog.New(slog.NewJSONHandler(&lines, nil))))
	defer server.Close()
	for _, path := range []string{"/healthz", "/api/greet/ann"} {
		answer, err := http.Get(server.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, answer.Body)
		answer.Body.Close()
	}
	server.Close() // waits for the handlers, and so for their lines
	if strings.Count(lines.String(), "\n") != 1 || !strings.Contains(lines.String(), `"path":"/api/greet/ann","status":200`) {
		t.Errorf("got %s", lines.String())
	}
}
