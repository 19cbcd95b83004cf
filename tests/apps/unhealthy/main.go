// SPDX-License-Identifier: GPL-3.0-or-later

// Sick is a service that falls ill on demand, so that tests can watch a deploy refuse it or put the old release back.
// Without any of the variables below it is healthy.
//
//	EXIT_AT_ONCE=3     exit with this code before anything is served
//	START_DELAY=2s     serve nothing for so long
//	SICK=1             /healthz answers 500; with `flap` every other time, with `slow` after 5 s, with `hang` never, with
//	                   `redirect` it sends elsewhere
//	SICK_AFTER=3s      the same, from so long after the start
//	SICK_ON_PORT=8080  the same, but only on this port: healthy in a smoke run, sick in its real place
//	CRASH_AFTER=3s     exit with code 1 so long after the start
//	EAT=200            take so many megabytes of memory, on the port that SICK_ON_PORT names
//	STUBBORN=1         do not end on SIGTERM
package main

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strconv"
	"sync/atomic"
	"syscall"
	"time"
)

var version = "dev"

func main() {
	exitAtOnce()
	time.Sleep(seconds("START_DELAY"))
	if delay := seconds("CRASH_AFTER"); delay > 0 {
		time.AfterFunc(delay, func() { fail("crashing, as CRASH_AFTER asks") })
	}
	port := os.Getenv("PORT")
	if port == "" {
		port = "8080"
	}
	if os.Getenv("STUBBORN") != "" {
		signal.Ignore(syscall.SIGTERM)
	}
	if os.Getenv("SICK_ON_PORT") == port {
		eat()
	}
	http.HandleFunc("GET /healthz", health(port, time.Now()))
	http.HandleFunc("GET /{$}", func(answer http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(answer, "sick %s, PID %d\n", version, os.Getpid())
	})
	listener, err := listen(":" + port)
	if err != nil {
		fail(err.Error())
	}
	fail(http.Serve(listener, nil).Error())
}

// listen takes the listener that systemd passes, where there is one.
func listen(address string) (net.Listener, error) {
	if os.Getenv("LISTEN_PID") != strconv.Itoa(os.Getpid()) {
		return net.Listen("tcp", address)
	}
	return net.FileListener(os.NewFile(3, "systemd socket"))
}

func health(port string, started time.Time) http.HandlerFunc {
	after := seconds("SICK_AFTER")
	how, place := os.Getenv("SICK"), os.Getenv("SICK_ON_PORT")
	always := how != "" && place == "" || place == port
	var asked atomic.Int64
	return func(answer http.ResponseWriter, request *http.Request) {
		status, word := http.StatusOK, "ok"
		if always || after > 0 && time.Since(started) >= after {
			status, word = ill(how, asked.Add(1), answer, request), "sick"
		}
		answer.Header().Set("Content-Type", "application/json")
		answer.WriteHeader(status)
		fmt.Fprintf(answer, "{\"status\": %q, \"release\": %q}\n", word, version)
	}
}

func ill(how string, asked int64, answer http.ResponseWriter, request *http.Request) int {
	switch how {
	case "flap":
		if asked%2 == 1 {
			return http.StatusOK
		}
	case "slow":
		time.Sleep(5 * time.Second)
		return http.StatusOK
	case "hang":
		<-request.Context().Done()
	case "redirect":
		answer.Header().Set("Location", "/elsewhere")
		return http.StatusFound
	}
	return http.StatusInternalServerError
}

func eat() {
	megabytes, _ := strconv.Atoi(os.Getenv("EAT"))
	if megabytes == 0 {
		return
	}
	eaten := make([]byte, megabytes<<20)
	for at := 0; at < len(eaten); at += 4096 {
		eaten[at] = 1
	}
	fmt.Fprintln(os.Stderr, "ate", len(eaten), "bytes")
}

func exitAtOnce() {
	text := os.Getenv("EXIT_AT_ONCE")
	if text == "" {
		return
	}
	fmt.Fprintln(os.Stderr, "leaving at once, as EXIT_AT_ONCE asks")
	code, err := strconv.Atoi(text)
	if err != nil {
		fail(err.Error())
	}
	os.Exit(code)
}

// seconds reads a duration like 3s; none is zero.
func seconds(name string) time.Duration {
	text := os.Getenv(name)
	if text == "" {
		return 0
	}
	delay, err := time.ParseDuration(text)
	if err != nil {
		fail(name + ": " + err.Error())
	}
	return delay
}

func fail(message string) {
	fmt.Fprintln(os.Stderr, message)
	os.Exit(1)
}
