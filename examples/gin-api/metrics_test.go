// SPDX-License-Identifier: GPL-3.0-or-later

package main

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestRequestsAreCountedByRouteAndNeverByPath(t *testing.T) {
	handler := newHandler(Config{}, slog.New(slog.DiscardHandler))
	requests := []struct{ method, path string }{
		{"GET", "/api/greet/ann"},
		{"GET", "/api/greet/bob"},
		{"GET", "/api/work"},
		{"GET", "/made/up"},
		{"MADE-UP", "/api/work"},
	}
	for _, request := range requests {
		handler.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(request.method, request.path, nil))
	}
	routes := http.NewServeMux()
	addMetrics(routes, 0)
	answer := httptest.NewRecorder()
	routes.ServeHTTP(answer, httptest.NewRequest("GET", "/metrics", nil))
	text := answer.Body.String()
	for _, series := range []string{
		`{method="GET",route="/api/greet/:name",status="2xx"}`,
		`{method="GET",route="/api/work",status="4xx"}`,
		`{method="any",route="unmatched",status="4xx"}`,
	} {
		if !strings.Contains(text, "http_request_duration_seconds_count"+series) {
			t.Errorf("%s is missing in %s", series, text)
		}
	}
	for _, word := range []string{"ann", "made/up", "MADE-UP"} {
		if strings.Contains(text, `="`+word) || strings.Contains(text, "/"+word) {
			t.Errorf("%s is a label in %s", word, text)
		}
	}
}
