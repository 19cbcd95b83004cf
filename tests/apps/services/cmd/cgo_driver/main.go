// SPDX-License-Identifier: GPL-3.0-or-later

// cgo_driver uses a driver that needs cgo. Without cgo a stub is built in its place, which fails at the first query.
package main

import (
	"os"

	"slipway.example/services/internal/driver"
	"slipway.example/services/internal/serve"
)

func main() { serve.TCP(":"+os.Getenv("PORT"), driver.Query) }
