// SPDX-License-Identifier: GPL-3.0-or-later

// worker listens on nothing: it does its rounds and says so.
package main

import (
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"slipway.example/services/internal/serve"
)

func main() {
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM)
	fmt.Println("worker", serve.Version, "is at work")
	for round := time.NewTicker(time.Second); ; {
		select {
		case <-round.C:
		case <-stop:
			fmt.Println("worker ends")
			return
		}
	}
}
