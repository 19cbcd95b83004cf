// SPDX-License-Identifier: GPL-3.0-or-later

// large is 150 MB of binary, of which a patch should carry little.
package main

import (
	"os"

	"slipway.example/services/internal/serve"
)

var ballast = [150 << 20]byte{0: 1, 150<<20 - 1: 1}

func main() {
	serve.TCP(":"+os.Getenv("PORT"), func() error {
		_ = ballast[os.Getpid()%len(ballast)]
		return nil
	})
}
