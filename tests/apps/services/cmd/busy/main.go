// SPDX-License-Identifier: GPL-3.0-or-later

// busy burns CPU time on request, in a loop whose call goes through an interface: with a profile Go calls it directly.
package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	httppprof "net/http/pprof"
	"os"
	"path/filepath"
	"runtime/pprof"
	"strconv"

	"slipway.example/services/internal/serve"
)

const stepsPerMillisecond = 200_000 // about

type generator interface{ next(uint64) uint64 }

type multiplying struct{}

func (multiplying) next(state uint64) uint64 { return state*6364136223846793005 + 1442695040888963407 }

type shifting struct{}

func (shifting) next(state uint64) uint64 {
	state ^= state << 13
	state ^= state >> 7
	return state ^ state<<17
}

func burn(numbers generator, steps int, result chan<- uint64) {
	state := uint64(88172645463325252)
	for range steps {
		state = numbers.next(state)
	}
	result <- state
}

func main() {
	var numbers generator = multiplying{} // what it is, no compiler can know
	if os.Getenv("GENERATOR") == "shifting" {
		numbers = shifting{}
	}
	pprofOn(filepath.Join(os.Getenv("RUNTIME_DIRECTORY"), "pprof.sock"))
	routes := http.NewServeMux()
	routes.HandleFunc("GET /healthz", func(answer http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(answer, "{\"status\": \"ok\", \"release\": %q}\n", serve.Version)
	})
	routes.HandleFunc("GET /fail", func(answer http.ResponseWriter, _ *http.Request) {
		answer.Header().Set("X-Release", serve.Version)
		http.Error(answer, "as you wish", http.StatusInternalServerError)
	})
	routes.HandleFunc("GET /busy", func(answer http.ResponseWriter, request *http.Request) {
		milliseconds, err := strconv.Atoi(request.FormValue("ms"))
		if err != nil {
			milliseconds = 10
		}
		answer.Header().Set("X-Release", serve.Version)
		result := make(chan uint64)
		// A label as programs set it: it is in the profile, with whatever its value is.
		pprof.Do(request.Context(), pprof.Labels("token", os.Getenv("TOKEN")), func(context.Context) {
			go burn(numbers, milliseconds*stepsPerMillisecond, result)
			fmt.Fprintln(answer, <-result)
		})
	})
	listener, err := listen()
	if err != nil {
		serve.Fail(err)
	}
	serve.Fail(http.Serve(listener, routes))
}

// listen takes the socket that systemd passes, or opens one.
func listen() (net.Listener, error) {
	if os.Getenv("LISTEN_FDS") == "1" {
		return net.FileListener(os.NewFile(3, "systemd socket"))
	}
	return net.Listen("tcp", ":"+os.Getenv("PORT"))
}

func pprofOn(path string) {
	_ = os.Remove(path)
	listener, err := net.Listen("unix", path)
	if err != nil {
		serve.Fail(err)
	}
	if err := os.Chmod(path, 0o600); err != nil {
		serve.Fail(err)
	}
	routes := http.NewServeMux()
	routes.HandleFunc("/debug/pprof/", httppprof.Index)
	routes.HandleFunc("/debug/pprof/profile", httppprof.Profile)
	go func() { serve.Fail(http.Serve(listener, routes)) }()
}
