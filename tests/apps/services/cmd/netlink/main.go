// SPDX-License-Identifier: GPL-3.0-or-later

// netlink is healthy where it can list the network's interfaces, as metrics agents and UUID libraries do.
package main

import (
	"errors"
	"net"
	"os"

	"slipway.example/services/internal/serve"
)

func main() {
	serve.TCP(":"+os.Getenv("PORT"), func() error {
		interfaces, err := net.Interfaces()
		if err == nil && len(interfaces) == 0 {
			err = errors.New("no interfaces")
		}
		return err
	})
}
