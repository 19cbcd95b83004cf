// SPDX-License-Identifier: GPL-3.0-or-later

package main

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"
)

func run(t *testing.T, handler http.HandlerFunc, chosen settings) Report {
	t.Helper()
	server := httptest.NewServer(handler)
	defer server.Close()
	chosen.url, chosen.method, chosen.timeout = server.URL, "GET", 5*time.Second
	report, err := load(chosen)
	if err != nil {
		t.Fatal(err)
	}
	return report
}

func TestEveryFailedRequestIsCounted(t *testing.T) {
	var asked atomic.Int64
	report := run(t, func(answer http.ResponseWriter, _ *http.Request) {
		answer.Header().Set("X-Release", "1.0.0")
		if asked.Add(1)%4 == 0 {
			answer.WriteHeader(http.StatusBadGateway)
		}
	}, settings{rate: 200, length: 200 * time.Millisecond, fresh: true})
	if report.Requests != 40 || report.Failed != 10 || report.Releases["1.0.0"] != 30 || report.Failures[0].Reason != "status 502" {
		t.Errorf("%+v", report)
	}
}

// closing refuses the first requests with the words of net/http, then passes them on.
type closing struct {
	words []string
	asked int
}

func (transport *closing) RoundTrip(request *http.Request) (*http.Response, error) {
	transport.asked++
	if transport.asked <= len(transport.words) {
		return nil, errors.New(transport.words[transport.asked-1])
	}
	return http.DefaultTransport.RoundTrip(request)
}

func TestOnlyARequestThatCrossedTheClosingIsSentAgainAndOnce(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer server.Close()
	for _, one := range []struct {
		words []string
		asked int
		fails bool
	}{
		{[]string{"http: server closed idle connection"}, 2, false},
		{[]string{"http: server closed idle connection", "http: server closed idle connection"}, 2, true},
		{[]string{"EOF"}, 1, true},
		{[]string{"connection reset by peer"}, 1, true},
	} {
		transport := &closing{words: one.words}
		_, err := ask(&http.Client{Transport: transport}, settings{url: server.URL, method: "POST", body: "{}"})
		if (err != nil) != one.fails || transport.asked != one.asked {
			t.Errorf("%v: asked %d times, %v", one.words, transport.asked, err)
		}
	}
}

func TestAStallCannotBeHidden(t *testing.T) {
	open := time.Now().Add(400 * time.Millisecond)
	report := run(t, func(http.ResponseWriter, *http.Request) { time.Sleep(time.Until(open)) },
		settings{rate: 100, length: 300 * time.Millisecond})
	if report.Failed != 0 || report.GapMS < 350 || report.P50MS < 200 {
		t.Errorf("%+v", report)
	}
}

func TestAWebSocketThatEndsIsOpenedAgain(t *testing.T) {
	report := run(t, func(answer http.ResponseWriter, request *http.Request) {
		conn, err := websocket.Accept(answer, request, nil)
		if err != nil {
			return
		}
		for range 5 {
			_, words, _ := conn.Read(request.Context())
			_ = conn.Write(request.Context(), websocket.MessageText, append([]byte("1.0.0 "), words...))
		}
		_ = conn.Close(websocket.StatusGoingAway, "")
	}, settings{rate: 100, length: 150 * time.Millisecond, websocket: true})
	if report.Requests != 15 || report.Failed != 0 || report.Connections != 3 || report.Releases["1.0.0"] != 15 {
		t.Errorf("%+v", report)
	}
}

func TestPercentiles(t *testing.T) {
	values := []float64{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}
	for percent, want := range map[int]float64{50: 5, 90: 9, 99: 10, 100: 10} {
		if got := percentile(values, percent); got != want {
			t.Errorf("p%d: %v", percent, got)
		}
	}
	if percentile(nil, 50) != 0 {
		t.Error("nothing has no percentile")
	}
}
