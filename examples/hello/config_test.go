// SPDX-License-Identifier: GPL-3.0-or-later

package main

import (
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func environment(variables map[string]string) func(string) string {
	return func(name string) string { return variables[name] }
}

func TestEnvironmentWinsOverFileWinsOverDefault(t *testing.T) {
	config, err := loadConfig("config.example.json", environment(map[string]string{"PORT": "9000", "LOG_LEVEL": "debug"}))
	if err != nil {
		t.Fatal(err)
	}
	want := Config{Port: 9000, ShutdownSeconds: 20, LogLevel: slog.LevelDebug, Greeting: "Good day"}
	if config != want {
		t.Errorf("got %+v, want %+v", config, want)
	}
}

func TestBadSettingsAreNamed(t *testing.T) {
	cases := []struct{ file, name, value, want string }{
		{"", "PORT", "http", `PORT="http" is not a whole number`},
		{"", "PORT", "70000", "port"},
		{"", "SHUTDOWN_SECONDS", "-1", "shutdown seconds"},
		{"", "LOG_LEVEL", "loud", "LOG_LEVEL"},
		{`{"prot": 1}`, "", "", `"prot"`},
		{`{"port": "1"}`, "", "", "port"},
		{`{} {}`, "", "", "more than one"},
	}
	for _, row := range cases {
		path := ""
		if row.file != "" {
			path = filepath.Join(t.TempDir(), "config.json")
			if err := os.WriteFile(path, []byte(row.file), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		_, err := loadConfig(path, environment(map[string]string{row.name: row.value}))
		if err == nil || !strings.Contains(err.Error(), row.want) {
			t.Errorf("%+v: got %v", row, err)
		}
	}
}

func TestMissingFile(t *testing.T) {
	if _, err := loadConfig(filepath.Join(t.TempDir(), "none.json"), environment(nil)); err == nil {
		t.Error("a settings file that was named must be there")
	}
}
