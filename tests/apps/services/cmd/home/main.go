// SPDX-License-Identifier: GPL-3.0-or-later

// home writes below $HOME and below its working directory, as many programs do at their first start.
package main

import (
	"os"
	"path/filepath"

	"slipway.example/services/internal/serve"
)

func main() {
	home, err := os.UserHomeDir()
	if err != nil {
		serve.Fail(err)
	}
	for _, directory := range []string{filepath.Join(home, ".config", "home"), "data"} {
		if err := os.MkdirAll(directory, 0o700); err != nil {
			serve.Fail(err)
		}
		if err := os.WriteFile(filepath.Join(directory, "seen"), []byte(serve.Version), 0o600); err != nil {
			serve.Fail(err)
		}
	}
	serve.TCP(":"+os.Getenv("PORT"), serve.Healthy)
}
