// SPDX-License-Identifier: GPL-3.0-or-later

package main

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/coder/websocket"
)

// sendMessages sends one message after the other on one WebSocket, and expects each to be repeated behind the version of the
// service. If the service closes the connection, a new one is opened at once and the message is sent again: a second failure
// counts.
func sendMessages(chosen settings, client *http.Client) Report {
	line := &line{client: client, url: chosen.url, timeout: chosen.timeout}
	defer line.hangUp()
	var results []result
	begin := time.Now()
	pause := time.Duration(float64(time.Second) / chosen.rate)
	for due := time.Duration(0); due < chosen.length && !exists(chosen.until); due += pause {
		time.Sleep(time.Until(begin.Add(due)))
		release, err := line.say("hello")
		if err != nil {
			line.hangUp()
			release, err = line.say("hello")
		}
		results = append(results, result{due, time.Since(begin), release, err})
	}
	report := summary(results, time.Since(begin))
	report.Connections = line.dialed
	return report
}

type line struct {
	client  *http.Client
	url     string
	timeout time.Duration
	conn    *websocket.Conn
	dialed  int
}

func (l *line) say(words string) (string, error) {
	patience, cancel := context.WithTimeout(context.Background(), l.timeout)
	defer cancel()
	if l.conn == nil {
		conn, _, err := websocket.Dial(patience, l.url, &websocket.DialOptions{HTTPClient: l.client})
		if err != nil {
			return "", err
		}
		l.conn = conn
		l.dialed++
	}
	if err := l.conn.Write(patience, websocket.MessageText, []byte(words)); err != nil {
		return "", err
	}
	_, answer, err := l.conn.Read(patience)
	version, _, _ := strings.Cut(string(answer), " ")
	return version, err
}

func (l *line) hangUp() {
	if l.conn != nil {
		_ = l.conn.CloseNow()
		l.conn = nil
	}
}
