// SPDX-License-Identifier: GPL-3.0-or-later

// Load asks a service at a steady rate and reports every request that failed, the longest time without a good answer,
// and how long answers took. Requests are sent when they are due, whether or not earlier ones were answered, and an answer's time
// counts from when its request was due: a service that stalls cannot hide it by slowing the asking down.
//
//	load -url http://127.0.0.1:8080/version -rate 200 -for 10s
//	load -url ws://127.0.0.1:8080/echo -websocket -rate 20
//	load -url https://… -ca root.pem -connect 127.0.0.1:32768 -fresh -method POST -body '{"numbers": [1]}' -until stop.file
package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"sort"
	"strings"
	"sync"
	"time"
)

type settings struct {
	url, method, body, connect, ca, until string
	rate                                  float64
	length, timeout                       time.Duration
	fresh, websocket                      bool
}

// Failure is one request that got no good answer.
type Failure struct {
	AtMS   int64  `json:"at_ms"`
	Reason string `json:"reason"`
}

// Report is what the program prints, as JSON.
type Report struct {
	Requests    int            `json:"requests"`
	Connections int            `json:"connections,omitempty"` // with -websocket: how often one was opened
	Failed      int            `json:"failed"`
	Failures    []Failure      `json:"failures"` // the first twenty
	GapMS       int64          `json:"longest_gap_ms"`
	P50MS       float64        `json:"p50_ms"`
	P90MS       float64        `json:"p90_ms"`
	P99MS       float64        `json:"p99_ms"`
	MaxMS       float64        `json:"max_ms"`
	Releases    map[string]int `json:"releases"` // how many answers named each, in the header X-Release
	Seconds     float64        `json:"seconds"`
	PerSecond   float64        `json:"per_second"`
}

type result struct {
	due, answered time.Duration // since the beginning
	release       string
	err           error
}

func main() {
	var chosen settings
	flag.StringVar(&chosen.url, "url", "", "what to ask for")
	flag.StringVar(&chosen.method, "method", "GET", "HTTP method")
	flag.StringVar(&chosen.body, "body", "", "request body, sent as JSON")
	flag.StringVar(&chosen.connect, "connect", "", "host:port to connect to, whatever the address says")
	flag.StringVar(&chosen.ca, "ca", "", "file with the root certificate to trust")
	flag.StringVar(&chosen.until, "until", "", "go on until this file exists, at most for the time of -for")
	flag.Float64Var(&chosen.rate, "rate", 100, "requests per second")
	flag.DurationVar(&chosen.length, "for", 10*time.Second, "for how long")
	flag.DurationVar(&chosen.timeout, "timeout", 30*time.Second, "when a request without an answer counts as failed")
	flag.BoolVar(&chosen.fresh, "fresh", false, "a new connection for every request")
	flag.BoolVar(&chosen.websocket, "websocket", false, "messages on one WebSocket instead of requests")
	flag.Parse()
	report, err := load(chosen)
	if err != nil {
		fmt.Fprintln(os.Stderr, "load:", err)
		os.Exit(2)
	}
	encoder := json.NewEncoder(os.Stdout)
	encoder.SetIndent("", "  ")
	_ = encoder.Encode(report)
}

func load(chosen settings) (Report, error) {
	if chosen.url == "" || chosen.rate <= 0 || chosen.rate > 20000 {
		return Report{}, errors.New("-url is needed, and a -rate between 0 and 20000")
	}
	client, err := newClient(chosen)
	if err != nil {
		return Report{}, err
	}
	if chosen.websocket {
		return sendMessages(chosen, client), nil
	}
	var group sync.WaitGroup
	var mutex sync.Mutex
	var results []result
	begin := time.Now()
	pause := time.Duration(float64(time.Second) / chosen.rate)
	for due := time.Duration(0); due < chosen.length && !exists(chosen.until); due += pause {
		time.Sleep(time.Until(begin.Add(due)))
		group.Add(1)
		go func(due time.Duration) {
			defer group.Done()
			release, err := ask(client, chosen)
			mutex.Lock()
			defer mutex.Unlock()
			results = append(results, result{due, time.Since(begin), release, err})
		}(due)
	}
	group.Wait()
	return summary(results, time.Since(begin)), nil
}

func newClient(chosen settings) (*http.Client, error) {
	dialer := net.Dialer{Timeout: chosen.timeout}
	transport := &http.Transport{
		DisableKeepAlives:   chosen.fresh,
		MaxIdleConnsPerHost: 64,
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			if chosen.connect != "" {
				address = chosen.connect
			}
			return dialer.DialContext(ctx, network, address)
		},
	}
	if chosen.ca != "" {
		text, err := os.ReadFile(chosen.ca)
		if err != nil {
			return nil, err
		}
		roots := x509.NewCertPool()
		if !roots.AppendCertsFromPEM(text) {
			return nil, fmt.Errorf("%s has no certificate", chosen.ca)
		}
		transport.TLSClientConfig = &tls.Config{RootCAs: roots}
	}
	return &http.Client{Transport: transport, Timeout: chosen.timeout}, nil
}

// The words of net/http for a kept connection that the server closed before it was asked anything more on it.
const closedIdle = "server closed idle connection"

// ask sends one request. A server may close a kept connection at any time, nginx does it at every reload, and then it has not read the
// request that crosses the closing. net/http repeats a GET by itself then, as browsers do; a POST is repeated here, once.
func ask(client *http.Client, chosen settings) (string, error) {
	release, err := askOnce(client, chosen)
	if err != nil && strings.Contains(err.Error(), closedIdle) {
		return askOnce(client, chosen)
	}
	return release, err
}

func askOnce(client *http.Client, chosen settings) (string, error) {
	request, err := http.NewRequest(chosen.method, chosen.url, bytes.NewReader([]byte(chosen.body)))
	if err != nil {
		return "", err
	}
	if chosen.body != "" {
		request.Header.Set("Content-Type", "application/json")
	}
	answer, err := client.Do(request)
	if err != nil {
		return "", err
	}
	defer answer.Body.Close()
	if _, err := io.Copy(io.Discard, answer.Body); err != nil {
		return "", err
	}
	if answer.StatusCode >= 400 {
		return "", fmt.Errorf("status %d", answer.StatusCode)
	}
	return answer.Header.Get("X-Release"), nil
}

func summary(results []result, took time.Duration) Report {
	report := Report{Requests: len(results), Failures: []Failure{}, Releases: map[string]int{}, Seconds: took.Seconds()}
	report.PerSecond = float64(len(results)) / took.Seconds()
	var times []float64
	var answered []time.Duration
	for _, one := range results {
		if one.err != nil {
			report.Failed++
			if len(report.Failures) < 20 {
				report.Failures = append(report.Failures, Failure{one.due.Milliseconds(), one.err.Error()})
			}
			continue
		}
		report.Releases[one.release]++
		times = append(times, float64((one.answered-one.due).Microseconds())/1000)
		answered = append(answered, one.answered)
	}
	report.GapMS = longestGap(answered).Milliseconds()
	sort.Float64s(times)
	report.P50MS, report.P90MS = percentile(times, 50), percentile(times, 90)
	report.P99MS, report.MaxMS = percentile(times, 99), percentile(times, 100)
	return report
}

// longestGap is the longest time in which nobody got a good answer.
func longestGap(answered []time.Duration) time.Duration {
	sort.Slice(answered, func(i, j int) bool { return answered[i] < answered[j] })
	longest, before := time.Duration(0), time.Duration(0)
	for _, moment := range answered {
		longest = max(longest, moment-before)
		before = moment
	}
	return longest
}

func percentile(sorted []float64, percent int) float64 {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[max(0, (len(sorted)*percent+99)/100-1)]
}

func exists(path string) bool {
	if path == "" {
		return false
	}
	_, err := os.Stat(path)
	return err == nil
}
