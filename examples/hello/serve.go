// SPDX-License-Identifier: GPL-3.0-or-later

package main

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/pprof"
	"os"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

const firstInheritedDescriptor = 3 // what systemd passes begins after stdin, stdout and stderr

// listen takes the listener that systemd passes (socket activation), else opens its own.
func listen(config Config) (net.Listener, error) {
	listener, err := inheritedListener()
	if listener != nil || err != nil {
		return listener, err
	}
	return net.Listen("tcp", net.JoinHostPort(config.ListenAddr, strconv.Itoa(config.Port)))
}

// inheritedListener is nil when the process was started without one. LISTEN_PID says whom the descriptors are for:
// a child must not take its parent's. See sd_listen_fds(3).
func inheritedListener() (net.Listener, error) {
	if os.Getenv("LISTEN_PID") != strconv.Itoa(os.Getpid()) {
		return nil, nil
	}
	if count := os.Getenv("LISTEN_FDS"); count != "1" {
		return nil, fmt.Errorf("LISTEN_FDS=%q: this service takes exactly one socket", count)
	}
	syscall.CloseOnExec(firstInheritedDescriptor)
	file := os.NewFile(firstInheritedDescriptor, "systemd socket")
	defer file.Close() // FileListener has its own copy
	return net.FileListener(file)
}

// serve answers until ctx ends; then it takes no new connection and finishes the accepted ones, for as long as patience lasts.
func serve(ctx context.Context, listener net.Listener, handler http.Handler, patience time.Duration) error {
	callers := &callers{states: map[net.Conn]state{}}
	server := &http.Server{
		Handler:           callers.told(handler),
		ConnState:         callers.note,
		ReadHeaderTimeout: 5 * time.Second, // none of these means for ever in Go: one slow client per connection, until all are gone
		ReadTimeout:       15 * time.Second,
		WriteTimeout:      30 * time.Second,
		IdleTimeout:       2 * time.Minute, // above a proxy's, so that it is the proxy that closes idle connections
		MaxHeaderBytes:    64 << 10,
	}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	deadline, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	// From the first moment of Shutdown on, net/http hangs up on every request that it has just read. So let those who are
	// connected already be answered first.
	callers.ending.Store(true)
	listener.Close()
	<-ended
	callers.settle()
	if err := server.Shutdown(deadline); err != nil {
		server.Close()
		return fmt.Errorf("requests were still running after %s and were cut off: %w", patience, err)
	}
	return nil
}

const (
	keptInUse    = 100 * time.Millisecond // a kept connection that was used so short a time ago will carry another request
	firstRequest = 500 * time.Millisecond // for the first request on a connection that was accepted just now
)

// callers are the connections to this service: what each is about, and since when.
type callers struct {
	ending atomic.Bool
	mutex  sync.Mutex
	states map[net.Conn]state
}

type state struct {
	http.ConnState
	since time.Time
}

func (c *callers) note(connection net.Conn, now http.ConnState) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if now == http.StateClosed || now == http.StateHijacked {
		delete(c.states, connection)
	} else {
		c.states[connection] = state{now, time.Now()}
	}
}

// told says in each answer that the connection ends with it, once the service is ending.
func (c *callers) told(next http.Handler) http.Handler {
	return http.HandlerFunc(func(answer http.ResponseWriter, request *http.Request) {
		if c.ending.Load() {
			answer.Header().Set("Connection", "close")
		}
		next.ServeHTTP(answer, request)
	})
}

// settle waits until nobody is about to send a request, or has had the time to. Whoever is being answered at the beginning may
// send another one, as nobody has told him, so that even then there is something to wait for.
func (c *callers) settle() {
	for began := time.Now(); c.count() > 0; time.Sleep(2 * time.Millisecond) {
		c.hangUp()
		waited := time.Since(began)
		if waited > keptInUse && c.count(http.StateNew, http.StateIdle) == 0 || waited > firstRequest {
			return
		}
	}
}

// hangUp closes the kept connections that were not used for a while, but for those on which a request has arrived that nobody has
// read yet. Clients take the connection that they used last, so that these are the ones that they do not take now.
func (c *callers) hangUp() {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	for connection, state := range c.states {
		if state.ConnState == http.StateIdle && time.Since(state.since) > keptInUse && !hasUnread(connection) {
			connection.Close()
		}
	}
}

func hasUnread(connection net.Conn) bool {
	count := 0
	if system, ok := connection.(syscall.Conn); ok {
		if raw, err := system.SyscallConn(); err == nil {
			_ = raw.Control(func(descriptor uintptr) {
				count, _, _ = syscall.Recvfrom(int(descriptor), make([]byte, 1), syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
			})
		}
	}
	return count > 0
}

// count tells how many connections are in one of these states; in any at all, where none is named.
func (c *callers) count(wanted ...http.ConnState) int {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	count := 0
	for _, state := range c.states {
		if len(wanted) == 0 || slices.Contains(wanted, state.ConnState) {
			count++
		}
	}
	return count
}

// startPprof serves profiles to this machine only; 0 switches it off. A taken port is no reason not to serve: for a
// moment of a deploy two instances may run side by side, and the first keeps it.
func startPprof(port int, log *slog.Logger) {
	if port == 0 {
		return
	}
	listener, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err != nil {
		log.Warn("no pprof", "error", err.Error())
		return
	}
	routes := http.NewServeMux()
	routes.HandleFunc("/debug/pprof/", pprof.Index)
	routes.HandleFunc("/debug/pprof/cmdline", pprof.Cmdline)
	routes.HandleFunc("/debug/pprof/profile", pprof.Profile)
	routes.HandleFunc("/debug/pprof/symbol", pprof.Symbol)
	routes.HandleFunc("/debug/pprof/trace", pprof.Trace)
	server := &http.Server{Handler: routes, ReadHeaderTimeout: 5 * time.Second} // no WriteTimeout: a profile takes its time
	go func() { log.Warn("pprof ended", "error", server.Serve(listener).Error()) }()
}
