// SPDX-License-Identifier: GPL-3.0-or-later

package main

import (
	"net/http"
	"runtime"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

var requestSeconds = prometheus.NewHistogramVec(prometheus.HistogramOpts{
	Name: "http_request_duration_seconds",
	Help: "How long requests took, by method, route and class of the status.",
}, []string{"method", "route", "status"})

// measured observes every request. Its labels are never what a client made up, as each new value would be a new series.
func measured(request *gin.Context) {
	began := time.Now()
	request.Next()
	method, route := request.Request.Method, request.FullPath()
	if route == "" {
		method, route = "any", "unmatched"
	}
	class := strconv.Itoa(request.Writer.Status()/100) + "xx"
	requestSeconds.WithLabelValues(method, route, class).Observe(time.Since(began).Seconds())
}

// addMetrics serves the metrics of the service, of Go's runtime and of the process.
func addMetrics(routes *http.ServeMux, startup time.Duration) {
	build := prometheus.NewGauge(prometheus.GaugeOpts{
		Name:        "app_build_info",
		Help:        "What was built.",
		ConstLabels: prometheus.Labels{"version": version, "commit": commit, "go": runtime.Version()},
	})
	build.Set(1)
	ready := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "app_startup_seconds",
		Help: "From the start of the process until it listened.",
	})
	ready.Set(startup.Seconds())
	registry := prometheus.NewRegistry()
	registry.MustRegister(requestSeconds, build, ready, collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	routes.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
}
