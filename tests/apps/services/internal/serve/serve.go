// SPDX-License-Identifier: GPL-3.0-or-later

// Package serve is what the services of this module have in common: a health path, a page, and an orderly end.
package serve

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// Version is set by the linker.
var Version = "dev"

// More are further paths that a service answers.
var More = map[string]http.HandlerFunc{}

// On answers on the listener until SIGTERM. health gives nil, or why the service is not healthy.
func On(listener net.Listener, health func() error) {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(answer http.ResponseWriter, _ *http.Request) {
		if err := health(); err != nil {
			http.Error(answer, err.Error(), http.StatusServiceUnavailable)
			return
		}
		fmt.Fprintf(answer, "{\"status\": \"ok\", \"release\": %q}\n", Version)
	})
	mux.HandleFunc("GET /{$}", func(answer http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(answer, "%s %s, PID %d\n", os.Args[0], Version, os.Getpid())
	})
	for pattern, handler := range More {
		mux.HandleFunc(pattern, handler)
	}
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	go func() {
		<-ctx.Done()
		deadline, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		_ = server.Shutdown(deadline)
	}()
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		Fail(err)
	}
}

// TCP answers on an address like ":8080".
func TCP(address string, health func() error) {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		Fail(err)
	}
	On(listener, health)
}

// Healthy is the health of a service that is always healthy.
func Healthy() error { return nil }

// Fail ends the process with its reason on standard error.
func Fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}
