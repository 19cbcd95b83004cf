// SPDX-License-Identifier: GPL-3.0-or-later

// config_file reads all that it needs from a JSON file: {"listen": ":8080", "greeting": "hello"}.
package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"

	"slipway.example/services/internal/serve"
)

func main() {
	path := flag.String("config", "", "file with the configuration")
	flag.Parse()
	content, err := os.ReadFile(*path)
	if err != nil {
		serve.Fail(err)
	}
	var config struct{ Listen, Greeting string }
	if err := json.Unmarshal(content, &config); err != nil {
		serve.Fail(err)
	}
	fmt.Println("greeting:", config.Greeting)
	serve.TCP(config.Listen, func() error {
		if config.Greeting == "" {
			return errors.New("no greeting")
		}
		return nil
	})
}
