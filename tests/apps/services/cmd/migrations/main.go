// SPDX-License-Identifier: GPL-3.0-or-later

// migrations keeps a schema number in its state directory. `migrate` brings it to SCHEMA; the service is healthy only there.
package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"slipway.example/services/internal/serve"
)

func main() {
	schema := filepath.Join(os.Getenv("STATE_DIRECTORY"), "schema")
	if len(os.Args) > 1 && os.Args[1] == "migrate" {
		migrate(schema)
		return
	}
	serve.TCP(":"+os.Getenv("PORT"), func() error {
		found, err := os.ReadFile(schema)
		if err != nil {
			return err
		}
		if strings.TrimSpace(string(found)) < os.Getenv("SCHEMA") {
			return fmt.Errorf("the schema is %s, and this release needs %s", found, os.Getenv("SCHEMA"))
		}
		return nil
	})
}

// migrate notes each call, so that tests can count them. FAIL_MIGRATION makes it fail before anything is written.
func migrate(schema string) {
	calls, err := os.OpenFile(schema+".calls", os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		serve.Fail(err)
	}
	fmt.Fprintln(calls, serve.Version, os.Getenv("SCHEMA"))
	if why := os.Getenv("FAIL_MIGRATION"); why != "" {
		serve.Fail(fmt.Errorf("migration failed: %s", why))
	}
	if err := os.WriteFile(schema, []byte(os.Getenv("SCHEMA")), 0o600); err != nil {
		serve.Fail(err)
	}
	fmt.Println("migrated to", os.Getenv("SCHEMA"))
}
