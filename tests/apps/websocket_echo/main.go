// SPDX-License-Identifier: GPL-3.0-or-later

// Talk repeats what it hears on a WebSocket at /talk, with its version in front. On SIGTERM it says goodbye on all of them (status 1001), as
// a service should whose clients are to come back at once: http.Server.Shutdown alone knows nothing of them.
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

// talks are the WebSockets that are open.
type talks struct {
	mutex sync.Mutex
	open  map[*websocket.Conn]bool
	ended sync.WaitGroup
}

func main() {
	var all talks
	all.open = map[*websocket.Conn]bool{}
	http.HandleFunc("GET /healthz", func(answer http.ResponseWriter, _ *http.Request) {
		answer.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(answer, "{\"status\": \"ok\", \"release\": %q}\n", version)
	})
	http.HandleFunc("GET /talk", all.talk)
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
	all.sayGoodbye()
}

func (all *talks) talk(answer http.ResponseWriter, request *http.Request) {
	conn, err := websocket.Accept(answer, request, nil)
	if err != nil {
		return
	}
	all.add(conn)
	defer all.remove(conn)
	for {
		kind, words, err := conn.Read(context.Background())
		if err != nil {
			return
		}
		if err := conn.Write(context.Background(), kind, append([]byte(version+" "), words...)); err != nil {
			return
		}
	}
}

func (all *talks) add(conn *websocket.Conn) {
	all.mutex.Lock()
	defer all.mutex.Unlock()
	all.open[conn] = true
	all.ended.Add(1)
}

func (all *talks) remove(conn *websocket.Conn) {
	all.mutex.Lock()
	defer all.mutex.Unlock()
	delete(all.open, conn)
	all.ended.Done()
	_ = conn.CloseNow()
}

func (all *talks) sayGoodbye() {
	all.mutex.Lock()
	for conn := range all.open {
		go conn.Close(websocket.StatusGoingAway, "another instance takes over")
	}
	all.mutex.Unlock()
	all.ended.Wait()
}
