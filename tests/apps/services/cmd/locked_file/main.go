// SPDX-License-Identifier: GPL-3.0-or-later

// locked_file locks its data file, as bbolt does: a second process waits.
package main

import (
	"os"
	"path/filepath"
	"syscall"

	"slipway.example/services/internal/serve"
)

func main() {
	data, err := os.OpenFile(filepath.Join(os.Getenv("STATE_DIRECTORY"), "data"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		serve.Fail(err)
	}
	if err := syscall.Flock(int(data.Fd()), syscall.LOCK_EX); err != nil {
		serve.Fail(err)
	}
	serve.TCP(":"+os.Getenv("PORT"), serve.Healthy)
}
