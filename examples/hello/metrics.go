// SPDX-License-Identifier: GPL-3.0-or-later

package main

import (
	"fmt"
	"net/http"
	"runtime"
	"time"
)

// addMetrics serves two numbers in Prometheus' text format. For more than a few, take its library, as ../gin-api does.
func addMetrics(routes *http.ServeMux, startup time.Duration) {
	routes.HandleFunc("GET /metrics", func(answer http.ResponseWriter, _ *http.Request) {
		answer.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
		fmt.Fprintf(answer, "# HELP app_build_info What was built.\n# TYPE app_build_info gauge\n"+
			"app_build_info{commit=%q,go=%q,version=%q} 1\n", commit, runtime.Version(), version)
		fmt.Fprintf(answer, "# HELP app_startup_seconds From the start of the process until it listened.\n"+
			"# TYPE app_startup_seconds gauge\napp_startup_seconds %g\n", startup.Seconds())
	})
}
