// SPDX-License-Identifier: GPL-3.0-or-later

// large is 150 MB of binary, of which nothing may travel when only the unit or the environment changes.
package main

import (
	"os"

	"slipway.example/services/internal/serve"
)

func main() {
	serve.TCP(":"+os.Getenv("PORT"), func() error {
		_ = last()
		return nil
	})
}
