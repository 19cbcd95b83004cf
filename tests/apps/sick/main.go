// SPDX-License-Identifier: GPL-3.0-or-later

// Sick is a service that falls ill on demand, so that tests can watch a deploy refuse it or put the old release back.
// Without any of the variables below it is healthy.
//
//	EXIT_AT_ONCE=3     exit with this code before anything is served
//	START_DELAY=2s     serve nothing for so long
//	SICK=1             /healthz answers 500
//	SICK_AFTER=3s      the same, from so long after the start
//	SICK_ON_PORT=8080  the same, but only on this port: healthy in a smoke run, sick in its real place
//	CRASH_AFTER=3s     exit with code 1 so long after the start
package main

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"strconv"
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
	always := os.Getenv("SICK") != ""
	here := os.Getenv("SICK_ON_PORT") == port
	return func(answer http.ResponseWriter, _ *http.Request) {
		status, word := http.StatusOK, "ok"
		if always || here || after > 0 && time.Since(started) >= after {
			status, word = http.StatusInternalServerError, "sick"
		}
		answer.Header().Set("Content-Type", "application/json")
		answer.WriteHeader(status)
		fmt.Fprintf(answer, "{\"status\": %q, \"release\": %q}\n", word, version)
	}
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
