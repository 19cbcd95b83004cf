// SPDX-License-Identifier: GPL-3.0-or-later

// daemon starts itself again in the background and ends, as old services do.
package main

import (
	"os"
	"os/exec"
	"syscall"

	"slipway.example/services/internal/serve"
)

func main() {
	if os.Getenv("IN_BACKGROUND") != "" {
		serve.TCP(":"+os.Getenv("PORT"), serve.Healthy)
		return
	}
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), "IN_BACKGROUND=1")
	child.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := child.Start(); err != nil {
		serve.Fail(err)
	}
}
