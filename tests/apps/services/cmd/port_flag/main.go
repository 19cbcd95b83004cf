// SPDX-License-Identifier: GPL-3.0-or-later

// port_flag takes its address by a flag, as most exporters do.
package main

import (
	"flag"

	"slipway.example/services/internal/serve"
)

func main() {
	address := flag.String("addr", ":8080", "address to listen on")
	flag.Parse()
	serve.TCP(*address, serve.Healthy)
}
