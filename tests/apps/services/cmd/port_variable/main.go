// SPDX-License-Identifier: GPL-3.0-or-later

// port_variable takes its port from a variable of its own.
package main

import (
	"errors"
	"os"

	"slipway.example/services/internal/serve"
)

func main() {
	port := os.Getenv("APP_SERVER_PORT")
	if port == "" {
		serve.Fail(errors.New("APP_SERVER_PORT is not set"))
	}
	serve.TCP(":"+port, serve.Healthy)
}
