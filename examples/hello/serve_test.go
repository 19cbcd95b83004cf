// SPDX-License-Identifier: GPL-3.0-or-later

package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// start serves newHandler on a free port. The channel receives the result of serve after stop was called.
func start(t *testing.T, timeout time.Duration) (address string, stop func(), ended chan error) {
	t.Helper()
	listener, err := listen(Config{ListenAddr: "127.0.0.1"})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	t.Cleanup(stop)
	ended = make(chan error, 1)
	go func() { ended <- serve(ctx, listener, newHandler(Config{}, slog.New(slog.DiscardHandler)), timeout) }()
	return "http://" + listener.Addr().String(), stop, ended
}

func get(url string) (string, error) {
	answer, err := http.Get(url)
	if err != nil {
		return "", err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	return string(body), err
}

func TestAcceptedRequestIsServedToItsEnd(t *testing.T) {
	address, stop, ended := start(t, 5*time.Second)
	time.AfterFunc(100*time.Millisecond, stop)
	body, err := get(address + "/api/work?ms=400")
	if err != nil || !strings.Contains(body, "400") {
		t.Errorf("got %q, %v", body, err)
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if _, err := get(address); err == nil {
		t.Error("a stopped service must not accept")
	}
}

// Both clients connected before the shutdown and sent their request after it began: net/http's Shutdown alone would drop them.
func TestWhoeverIsConnectedWhenTheEndBeginsIsAnswered(t *testing.T) {
	for name, before := range map[string]string{"a new connection": "", "a kept connection": "GET / HTTP/1.1\r\nHost: x\r\n\r\n"} {
		t.Run(name, func(t *testing.T) {
			address, stop, ended := start(t, 5*time.Second)
			connection, err := net.Dial("tcp", strings.TrimPrefix(address, "http://"))
			if err != nil {
				t.Fatal(err)
			}
			defer connection.Close()
			answers := bufio.NewReader(connection)
			if before != "" {
				fmt.Fprint(connection, before)
				if answer, err := http.ReadResponse(answers, nil); err != nil || answer.Close {
					t.Fatal(answer, err)
				} else {
					io.Copy(io.Discard, answer.Body)
				}
			}
			time.Sleep(20 * time.Millisecond) // accepted, or idle: there is nothing to wait for that could be seen from here
			stop()
			time.Sleep(20 * time.Millisecond)
			fmt.Fprint(connection, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
			answer, err := http.ReadResponse(answers, nil)
			if err != nil {
				t.Fatal(err)
			}
			if answer.StatusCode >= 500 || !answer.Close {
				t.Errorf("status %d, last answer on this connection: %v", answer.StatusCode, answer.Close)
			}
			if err := <-ended; err != nil {
				t.Error(err)
			}
		})
	}
}

func TestDeadlineEndsWhatTakesTooLong(t *testing.T) {
	address, stop, ended := start(t, 100*time.Millisecond)
	time.AfterFunc(100*time.Millisecond, stop)
	if _, err := get(address + "/api/work?ms=5000"); err == nil {
		t.Error("the request should have been cut off")
	}
	if err := <-ended; err == nil {
		t.Error("cutting a request off is an error")
	}
}

func TestAdminSocket(t *testing.T) {
	directory := t.TempDir()
	path := filepath.Join(directory, "pprof.sock")
	left, err := net.ListenUnix("unix", &net.UnixAddr{Name: path})
	if err != nil {
		t.Fatal(err)
	}
	left.SetUnlinkOnClose(false) // as a process that is killed leaves it
	left.Close()
	startAdmin(directory, 30*time.Millisecond, slog.New(slog.DiscardHandler))
	if status, err := os.Stat(path); err != nil || status.Mode().Perm() != 0o600 {
		t.Fatalf("the socket is not there for this user alone: %v %v", status, err)
	}
	dial := func(context.Context, string, string) (net.Conn, error) { return net.Dial("unix", path) }
	client := http.Client{Transport: &http.Transport{DialContext: dial}}
	cases := []struct {
		path   string
		status int
		want   string
	}{
		{"/debug/pprof/", 200, "goroutine"},
		{"/debug/pprof/heap", 200, ""},
		{"/debug/pprof/profile?seconds=1", 200, ""},
		{"/debug/pprof/cmdline", 404, ""}, // arguments may be secrets
		{"/metrics", 200, "\napp_startup_seconds 0.03\n"},
		{"/metrics", 200, `app_build_info{commit="` + commit},
		{"/healthz", 404, ""},
	}
	for _, row := range cases {
		answer, err := client.Get("http://localhost" + row.path)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(answer.Body)
		answer.Body.Close()
		if answer.StatusCode != row.status || !strings.Contains(string(body), row.want) {
			t.Errorf("%s: got %d %s", row.path, answer.StatusCode, body)
		}
	}
}

func TestWithoutADirectoryThereIsNoAdminSocketAndAServiceAllTheSame(t *testing.T) {
	var lines bytes.Buffer
	log := slog.New(slog.NewJSONHandler(&lines, nil))
	startAdmin("", 0, log)
	if lines.Len() != 0 {
		t.Errorf("got %s", lines.String())
	}
	startAdmin(filepath.Join(t.TempDir(), "none"), 0, log)
	if !strings.Contains(lines.String(), "no profiles and metrics") {
		t.Errorf("got %s", lines.String())
	}
}

func TestProfilesAndMetricsAreNotPublic(t *testing.T) {
	for _, path := range []string{"/debug/pprof/", "/debug/pprof/heap", "/metrics"} {
		answer := httptest.NewRecorder()
		newHandler(Config{}, slog.New(slog.DiscardHandler)).ServeHTTP(answer, httptest.NewRequest("GET", path, nil))
		if answer.Code != http.StatusNotFound {
			t.Errorf("%s: got %d", path, answer.Code)
		}
	}
}

// The two tests below run the service as systemd does: as a separate process, with a signal and an inherited socket.

func build(t *testing.T) string {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "service")
	command := exec.Command("go", "build", "-o", binary, "-ldflags", "-X main.version=1.4.2", ".")
	if output, err := command.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, output)
	}
	return binary
}

func TestTakesTheSocketThatSystemdPasses(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	socket, err := listener.(*net.TCPListener).File()
	if err != nil {
		t.Fatal(err)
	}
	// The shell acts as systemd: LISTEN_PID must be the PID of the service, which exec keeps.
	command := exec.Command("sh", "-c", `LISTEN_PID=$$ exec "$0"`, build(t))
	command.Env = append(os.Environ(), "LISTEN_FDS=1", "PORT=1")
	command.ExtraFiles = []*os.File{socket}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	body, err := get("http://" + listener.Addr().String() + "/healthz") // waits in the socket's queue until the service is up
	if err != nil || !strings.Contains(body, "1.4.2") {
		t.Errorf("got %q, %v", body, err)
	}
	stopAndWait(t, command)
}

func TestTerminatesCleanly(t *testing.T) {
	command := exec.Command(build(t))
	command.Env = append(os.Environ(), "LISTEN_ADDR=127.0.0.1", "PORT=0")
	output, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	line := make([]byte, 512)
	count, err := output.Read(line)
	if err != nil || !strings.Contains(string(line[:count]), `"msg":"serving","release":"1.4.2"`) {
		t.Errorf("first line: %s %v", line[:count], err)
	}
	stopAndWait(t, command)
}

func stopAndWait(t *testing.T, command *exec.Cmd) {
	t.Helper()
	if err := command.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := command.Wait(); err != nil {
		t.Errorf("after SIGTERM: %v", err)
	}
}
