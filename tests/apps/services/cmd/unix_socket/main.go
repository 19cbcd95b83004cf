// SPDX-License-Identifier: GPL-3.0-or-later

// unix_socket serves on a socket in its runtime directory, for the proxy on the same host.
package main

import (
	"net"
	"os"
	"path/filepath"

	"slipway.example/services/internal/serve"
)

func main() {
	path := filepath.Join(os.Getenv("RUNTIME_DIRECTORY"), "http.sock")
	_ = os.Remove(path)
	listener, err := net.Listen("unix", path)
	if err != nil {
		serve.Fail(err)
	}
	if err := os.Chmod(path, 0o666); err != nil {
		serve.Fail(err)
	}
	serve.On(listener, serve.Healthy)
}
