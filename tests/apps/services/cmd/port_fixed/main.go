// SPDX-License-Identifier: GPL-3.0-or-later

// port_fixed listens on 9100, whatever it is told.
package main

import "slipway.example/services/internal/serve"

func main() { serve.TCP(":9100", serve.Healthy) }
