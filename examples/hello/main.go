// SPDX-License-Identifier: GPL-3.0-or-later

// A small HTTP service for systemd. The routes are in routes.go; the rest is what every such service needs: settings, logs,
// a listener, and a graceful shutdown.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	"time"
)

var started = time.Now()

// Set by the build: -ldflags "-X main.version=1.4.2 -X main.commit=8d0f…"
var (
	version = "dev"
	commit  = ""
)

func main() {
	err := run(os.Args[1:], os.Stdout)
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(arguments []string, output io.Writer) error {
	flags := flag.NewFlagSet("service", flag.ContinueOnError)
	configFile := flags.String("config", os.Getenv("CONFIG_FILE"), "settings as JSON; the environment wins over it")
	showVersion := flags.Bool("version", false, "print the version and leave")
	if err := flags.Parse(arguments); err != nil {
		return err
	}
	if *showVersion {
		_, err := fmt.Fprintln(output, version, commit)
		return err
	}
	config, err := loadConfig(*configFile, os.Getenv)
	if err != nil {
		return err
	}
	log := slog.New(slog.NewJSONHandler(output, &slog.HandlerOptions{Level: config.LogLevel})).With("release", version)

	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	context.AfterFunc(ctx, stop) // a second signal ends the process at once

	listener, err := listen(config)
	if err != nil {
		return err
	}
	startAdmin(os.Getenv("RUNTIME_DIRECTORY"), time.Since(started), log)
	log.Info("serving", "address", listener.Addr().String(), "commit", commit)
	if err := serve(ctx, listener, newHandler(config, log), config.shutdownTime()); err != nil {
		log.Error("ended early", "error", err.Error())
		return err
	}
	log.Info("ended")
	return nil
}
