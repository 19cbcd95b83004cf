// SPDX-License-Identifier: GPL-3.0-or-later

package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strconv"
	"time"
)

// Config has all settings of the service: defaults, then the file, then the environment.
type Config struct {
	ListenAddr      string     `json:"listen_addr"`      // LISTEN_ADDR; empty is every interface
	Port            int        `json:"port"`             // PORT
	ShutdownSeconds int        `json:"shutdown_seconds"` // SHUTDOWN_SECONDS that running requests get when the service is stopped
	LogLevel        slog.Level `json:"log_level"`        // LOG_LEVEL: DEBUG, INFO, WARN or ERROR
	Greeting        string     `json:"greeting"`         // GREETING: stands for a setting of your own
}

// loadConfig reads the file, if one is named, and then the environment, which takes precedence.
func loadConfig(path string, getenv func(string) string) (Config, error) {
	config := Config{Port: 8080, ShutdownSeconds: 20, Greeting: "Hello"}
	if path != "" {
		if err := config.readFile(path); err != nil {
			return config, err
		}
	}
	if err := config.readEnv(getenv); err != nil {
		return config, err
	}
	return config, config.check()
}

func (config *Config) readFile(path string) error {
	file, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("settings: %w", err)
	}
	defer file.Close()
	decoder := json.NewDecoder(file)
	decoder.DisallowUnknownFields() // a misspelt setting must not be silently ignored
	if err := decoder.Decode(config); err != nil {
		return fmt.Errorf("settings in %s: %w", path, err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return fmt.Errorf("settings in %s: there is more than one JSON value", path)
	}
	return nil
}

func (config *Config) readEnv(getenv func(string) string) error {
	numbers := map[string]*int{"PORT": &config.Port, "SHUTDOWN_SECONDS": &config.ShutdownSeconds}
	for name, field := range numbers {
		if text := getenv(name); text != "" {
			number, err := strconv.Atoi(text)
			if err != nil {
				return fmt.Errorf("%s=%q is not a whole number", name, text)
			}
			*field = number
		}
	}
	texts := map[string]*string{"LISTEN_ADDR": &config.ListenAddr, "GREETING": &config.Greeting}
	for name, field := range texts {
		if text := getenv(name); text != "" {
			*field = text
		}
	}
	if text := getenv("LOG_LEVEL"); text != "" {
		if err := config.LogLevel.UnmarshalText([]byte(text)); err != nil {
			return fmt.Errorf("LOG_LEVEL: %w", err)
		}
	}
	return nil
}

func (config *Config) check() error {
	if config.Port < 0 || config.Port > 65535 {
		return errors.New("a port is a number from 0 to 65535")
	}
	if config.ShutdownSeconds < 0 {
		return errors.New("the shutdown seconds cannot be negative")
	}
	return nil
}

func (config *Config) shutdownTime() time.Duration {
	return time.Duration(config.ShutdownSeconds) * time.Second
}
