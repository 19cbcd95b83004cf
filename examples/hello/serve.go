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
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

const firstInheritedDescriptor = 3 // after stdin, stdout and stderr

// listen returns the listener that systemd passes (socket activation), or opens one.
func listen(config Config) (net.Listener, error) {
	listener, err := inheritedListener()
	if listener != nil || err != nil {
		return listener, err
	}
	return net.Listen("tcp", net.JoinHostPort(config.ListenAddr, strconv.Itoa(config.Port)))
}

// inheritedListener is nil when the process was started without one. LISTEN_PID is the process that the descriptors are for:
// a child must not use its parent's. See sd_listen_fds(3).
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

// serve answers requests until ctx ends. Then it accepts no new connection and finishes the open requests, within timeout.
func serve(ctx context.Context, listener net.Listener, handler http.Handler, timeout time.Duration) error {
	connections := &connections{states: map[net.Conn]state{}}
	server := &http.Server{
		Handler:           connections.announceClose(handler),
		ConnState:         connections.record,
		ReadHeaderTimeout: 5 * time.Second, // without these limits slow clients could hold connections without end
		ReadTimeout:       15 * time.Second,
		WriteTimeout:      30 * time.Second,
		IdleTimeout:       2 * time.Minute, // longer than a proxy's, so that the proxy closes idle connections first
		MaxHeaderBytes:    64 << 10,
	}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	deadline, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	// Shutdown closes connections whose request it has just read. So answer the clients that are already connected first.
	connections.ending.Store(true)
	listener.Close()
	<-ended
	connections.waitUntilIdle()
	if err := server.Shutdown(deadline); err != nil {
		server.Close()
		return fmt.Errorf("requests were still running after %s and were cut off: %w", timeout, err)
	}
	return nil
}

const (
	keptInUse    = 100 * time.Millisecond // a kept connection that was used this recently may carry another request
	firstRequest = 500 * time.Millisecond // time for the first request on a new connection
)

// connections are the open connections: the state of each, and since when.
type connections struct {
	ending atomic.Bool
	mutex  sync.Mutex
	states map[net.Conn]state
}

type state struct {
	http.ConnState
	since time.Time
}

func (c *connections) record(connection net.Conn, now http.ConnState) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if now == http.StateClosed || now == http.StateHijacked {
		delete(c.states, connection)
	} else {
		c.states[connection] = state{now, time.Now()}
	}
}

// announceClose adds "Connection: close" to every response while the service shuts down.
func (c *connections) announceClose(next http.Handler) http.Handler {
	return http.HandlerFunc(func(answer http.ResponseWriter, request *http.Request) {
		if c.ending.Load() {
			answer.Header().Set("Connection", "close")
		}
		next.ServeHTTP(answer, request)
	})
}

// waitUntilIdle waits until no client is about to send a request, or has had the time to. A client whose request is being
// answered may send another one, as its response did not announce the close.
func (c *connections) waitUntilIdle() {
	for began := time.Now(); c.count() > 0; time.Sleep(2 * time.Millisecond) {
		c.closeIdle()
		waited := time.Since(began)
		if waited > keptInUse && c.count(http.StateNew, http.StateIdle) == 0 || waited > firstRequest {
			return
		}
	}
}

// closeIdle closes kept connections that were not used for a while, except those with a request that was not read yet. Clients
// use the connection that they used last, so they do not use these now.
func (c *connections) closeIdle() {
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

// count returns how many connections are in one of these states, or in any state if none is given.
func (c *connections) count(wanted ...http.ConnState) int {
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

// startAdmin serves profiles and metrics on the socket pprof.sock in the directory that systemd makes for each instance of the
// service ($RUNTIME_DIRECTORY). Only root and this user may open it. Without the directory there is no such socket.
func startAdmin(directory string, startup time.Duration, log *slog.Logger) {
	if directory == "" {
		return
	}
	path := filepath.Join(directory, "pprof.sock")
	_ = os.Remove(path)          // a process that was killed may have left it
	mask := syscall.Umask(0o177) // mode 0600 from the first moment on
	listener, err := net.Listen("unix", path)
	syscall.Umask(mask)
	if err != nil {
		log.Warn("no profiles and metrics", "error", err.Error())
		return
	}
	routes := http.NewServeMux()
	routes.HandleFunc("/debug/pprof/", pprof.Index)
	routes.HandleFunc("/debug/pprof/profile", pprof.Profile)
	routes.HandleFunc("/debug/pprof/trace", pprof.Trace)
	addMetrics(routes, startup)
	server := &http.Server{Handler: routes, ReadHeaderTimeout: 5 * time.Second} // no WriteTimeout: a profile takes long
	go func() { log.Warn("profiles and metrics ended", "error", server.Serve(listener).Error()) }()
}
