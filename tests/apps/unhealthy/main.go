// SPDX-License-Identifier: GPL-3.0-or-later

// Unhealthy is a service that becomes unhealthy on demand, so that tests can watch a deploy reject it or roll it back.
// Without any of the variables below it is healthy.
//
//	EXIT_AT_ONCE=3          exit with this code before anything is served
//	START_DELAY=2s          serve nothing for this time
//	UNHEALTHY=1             /healthz answers 500; with `flap` every other time, with `slow` 200 after 5 s, with `hang` never,
//	                        with `redirect` 302
//	UNHEALTHY_AFTER=3s      the same, from this time after the start
//	UNHEALTHY_ON_PORT=8080  the same, but only on this port: healthy in a smoke test, unhealthy after the switch
//	CRASH_AFTER=3s          exit with code 1 this time after the start
//	FAIL_EVERY=20           / answers every 20th request with 500
//	ALLOCATE_MB=200         allocate this much memory, on the port of UNHEALTHY_ON_PORT
//	IGNORE_SIGTERM=1        do not stop on SIGTERM
//	FAIL_MIGRATION=3        `unhealthy migrate` exits with this code; with `hang` it never ends, with `killed` a signal ends it
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
	if len(os.Args) > 1 && os.Args[1] == "migrate" {
		migrate()
	}
	exitAtOnce()
	time.Sleep(seconds("START_DELAY"))
	if delay := seconds("CRASH_AFTER"); delay > 0 {
		time.AfterFunc(delay, func() { fail("crash because of CRASH_AFTER") })
	}
	port := os.Getenv("PORT")
	if port == "" {
		port = "8080"
	}
	if os.Getenv("IGNORE_SIGTERM") != "" {
		signal.Ignore(syscall.SIGTERM)
	}
	if os.Getenv("UNHEALTHY_ON_PORT") == port {
		allocate()
	}
	http.HandleFunc("GET /healthz", health(port, time.Now()))
	http.HandleFunc("GET /{$}", root())
	listener, err := listen(":" + port)
	if err != nil {
		fail(err.Error())
	}
	fail(http.Serve(listener, nil).Error())
}

// root says who answers, in a header too.
func root() http.HandlerFunc {
	every, _ := strconv.ParseInt(os.Getenv("FAIL_EVERY"), 10, 64)
	var asked atomic.Int64
	return func(answer http.ResponseWriter, _ *http.Request) {
		answer.Header().Set("X-Release", version)
		if every > 0 && asked.Add(1)%every == 0 {
			http.Error(answer, "failed because of FAIL_EVERY", http.StatusInternalServerError)
			return
		}
		fmt.Fprintf(answer, "unhealthy %s, PID %d\n", version, os.Getpid())
	}
}

// migrate stands for the migration of a database that there is none of.
func migrate() {
	how := os.Getenv("FAIL_MIGRATION")
	code, _ := strconv.Atoi(how)
	switch how {
	case "hang":
		time.Sleep(time.Hour)
	case "killed":
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {}
	}
	fmt.Println("migrated, exit code", code)
	os.Exit(code)
}

// listen returns the listener that systemd passes, if there is one.
func listen(address string) (net.Listener, error) {
	if os.Getenv("LISTEN_PID") != strconv.Itoa(os.Getpid()) {
		return net.Listen("tcp", address)
	}
	return net.FileListener(os.NewFile(3, "systemd socket"))
}

func health(port string, started time.Time) http.HandlerFunc {
	after := seconds("UNHEALTHY_AFTER")
	how, badPort := os.Getenv("UNHEALTHY"), os.Getenv("UNHEALTHY_ON_PORT")
	always := how != "" && badPort == "" || badPort == port
	var asked atomic.Int64
	return func(answer http.ResponseWriter, request *http.Request) {
		status, word := http.StatusOK, "ok"
		if always || after > 0 && time.Since(started) >= after {
			status, word = failure(how, asked.Add(1), answer, request), "unhealthy"
		}
		answer.Header().Set("Content-Type", "application/json")
		answer.WriteHeader(status)
		fmt.Fprintf(answer, "{\"status\": %q, \"release\": %q}\n", word, version)
	}
}

func failure(how string, asked int64, answer http.ResponseWriter, request *http.Request) int {
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

func allocate() {
	megabytes, _ := strconv.Atoi(os.Getenv("ALLOCATE_MB"))
	if megabytes == 0 {
		return
	}
	memory := make([]byte, megabytes<<20)
	for at := 0; at < len(memory); at += 4096 {
		memory[at] = 1
	}
	fmt.Fprintln(os.Stderr, "allocated", len(memory), "bytes")
}

func exitAtOnce() {
	text := os.Getenv("EXIT_AT_ONCE")
	if text == "" {
		return
	}
	fmt.Fprintln(os.Stderr, "exit because of EXIT_AT_ONCE")
	code, err := strconv.Atoi(text)
	if err != nil {
		fail(err.Error())
	}
	os.Exit(code)
}

// seconds reads a duration such as 3s; the default is zero.
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
