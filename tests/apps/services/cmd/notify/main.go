// SPDX-License-Identifier: GPL-3.0-or-later

// notify tells systemd when it is ready (Type=notify): after READY_AFTER, or never where that is "never".
package main

import (
	"net"
	"os"
	"time"

	"slipway.example/services/internal/serve"
)

func main() {
	after := os.Getenv("READY_AFTER")
	if after != "never" {
		go func() {
			delay, err := time.ParseDuration(after)
			if after != "" && err != nil {
				serve.Fail(err)
			}
			time.Sleep(delay)
			notify("READY=1")
		}()
	}
	serve.TCP(":"+os.Getenv("PORT"), serve.Healthy)
}

// notify sends one state as sd_notify(3) does.
func notify(state string) {
	connection, err := net.Dial("unixgram", os.Getenv("NOTIFY_SOCKET"))
	if err != nil {
		serve.Fail(err)
	}
	defer connection.Close()
	if _, err := connection.Write([]byte(state)); err != nil {
		serve.Fail(err)
	}
}
