// SPDX-License-Identifier: GPL-3.0-or-later

// slow takes START_DELAY, 20 s without it, until it serves.
package main

import (
	"os"
	"time"

	"slipway.example/services/internal/serve"
)

func main() {
	delay, err := time.ParseDuration(os.Getenv("START_DELAY"))
	if err != nil {
		delay = 20 * time.Second
	}
	time.Sleep(delay)
	serve.TCP(":"+os.Getenv("PORT"), serve.Healthy)
}
