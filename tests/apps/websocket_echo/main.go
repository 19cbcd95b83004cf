// SPDX-License-Identifier: GPL-3.0-or-later

// Websocket_echo repeats every message on a WebSocket at /echo, with its version in front. On SIGTERM it closes all of them
// with status 1001 (going away), so that clients reconnect at once: http.Server.Shutdown alone does not know WebSockets.
package main

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"github.com/coder/websocket"
)

var version = "dev"

// sessions are the open WebSockets.
type sessions struct {
	mutex sync.Mutex
	open  map[*websocket.Conn]bool
	ended sync.WaitGroup
}

func main() {
	var all sessions
	all.open = map[*websocket.Conn]bool{}
	http.HandleFunc("GET /healthz", func(answer http.ResponseWriter, _ *http.Request) {
		answer.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(answer, "{\"status\": \"ok\", \"release\": %q}\n", version)
	})
	http.HandleFunc("GET /echo", all.echo)
	server := &http.Server{Addr: ":" + os.Getenv("PORT"), ReadHeaderTimeout: 10 * time.Second}
	asked, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	go func() {
		if err := server.ListenAndServe(); err != http.ErrServerClosed {
			log.Fatal(err)
		}
	}()
	<-asked.Done()
	_ = server.Shutdown(context.Background())
	all.closeAll()
}

func (all *sessions) echo(answer http.ResponseWriter, request *http.Request) {
	conn, err := websocket.Accept(answer, request, nil)
	if err != nil {
		return
	}
	all.add(conn)
	defer all.remove(conn)
	for {
		kind, message, err := conn.Read(context.Background())
		if err != nil {
			return
		}
		if err := conn.Write(context.Background(), kind, append([]byte(version+" "), message...)); err != nil {
			return
		}
	}
}

func (all *sessions) add(conn *websocket.Conn) {
	all.mutex.Lock()
	defer all.mutex.Unlock()
	all.open[conn] = true
	all.ended.Add(1)
}

func (all *sessions) remove(conn *websocket.Conn) {
	all.mutex.Lock()
	defer all.mutex.Unlock()
	delete(all.open, conn)
	all.ended.Done()
	_ = conn.CloseNow()
}

func (all *sessions) closeAll() {
	all.mutex.Lock()
	for conn := range all.open {
		go conn.Close(websocket.StatusGoingAway, "another instance takes over")
	}
	all.mutex.Unlock()
	all.ended.Wait()
}
