// SPDX-License-Identifier: GPL-3.0-or-later

package main

import (
	"embed"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"runtime"
	"time"

	"github.com/gin-gonic/gin"
)

//go:embed assets
var assets embed.FS

const bodyLimit = 1 << 20 // bytes of a request

// newHandler returns the whole service: all routes and the middleware.
func newHandler(config Config, log *slog.Logger) http.Handler {
	setMode()
	routes := gin.New()
	// Trust X-Forwarded-For only from a proxy on this machine. Gin's default trusts every client.
	if err := routes.SetTrustedProxies([]string{"127.0.0.1", "::1"}); err != nil {
		panic(err) // the list above is a constant
	}
	routes.Use(logged(log), measured, recovered(log), named, limited)
	routes.GET("/healthz", health)
	routes.GET("/version", showVersion)
	routes.GET("/api/greet/:name", func(request *gin.Context) {
		request.JSON(http.StatusOK, gin.H{"message": config.Greeting + ", " + request.Param("name") + "!"})
	})
	routes.POST("/api/sum", sum)
	routes.GET("/api/work", work)
	addPages(routes)
	return routes
}

// setMode sets Gin's release mode unless GIN_MODE is set: debug mode writes plain text between the JSON lines.
func setMode() {
	if os.Getenv("GIN_MODE") == "" {
		gin.SetMode(gin.ReleaseMode)
	}
}

func addPages(routes *gin.Engine) {
	files, err := fs.Sub(assets, "assets")
	if err != nil {
		panic(err) // the name is a constant, and the build embedded it
	}
	routes.StaticFS("/assets", http.FS(files))
	routes.GET("/", func(request *gin.Context) {
		http.ServeFileFS(request.Writer, request.Request, assets, "assets/index.html")
	})
}

// health includes the release, as some health checks read only the body.
func health(request *gin.Context) {
	request.JSON(http.StatusOK, gin.H{"status": "ok", "release": version})
}

func showVersion(request *gin.Context) {
	request.JSON(http.StatusOK, gin.H{"version": version, "commit": commit, "go": runtime.Version()})
}

func sum(request *gin.Context) {
	var input struct {
		Numbers []float64 `json:"numbers" binding:"required,min=1"`
	}
	if err := request.ShouldBindJSON(&input); err != nil {
		request.JSON(http.StatusBadRequest, gin.H{"error": `send {"numbers": [1, 2, 3]}`})
		return
	}
	total := 0.0
	for _, number := range input.Numbers {
		total += number
	}
	request.JSON(http.StatusOK, gin.H{"sum": total})
}

// work takes as long as requested, to show that a deploy lets open requests finish.
func work(request *gin.Context) {
	var input struct {
		Milliseconds *int `form:"ms" binding:"required,min=0,max=5000"`
	}
	if err := request.ShouldBindQuery(&input); err != nil {
		request.JSON(http.StatusBadRequest, gin.H{"error": "ms is a number from 0 to 5000"})
		return
	}
	select {
	case <-time.After(time.Duration(*input.Milliseconds) * time.Millisecond):
		request.JSON(http.StatusOK, gin.H{"worked_ms": *input.Milliseconds})
	case <-request.Request.Context().Done():
	}
}

// named adds the release to every response: so a health check cannot mistake the old process for the new one, and nginx can log
// it.
func named(request *gin.Context) {
	request.Header("X-Release", version)
}

func limited(request *gin.Context) {
	request.Request.Body = http.MaxBytesReader(request.Writer, request.Request.Body, bodyLimit)
}

func recovered(log *slog.Logger) gin.HandlerFunc {
	// Gin's own recovery writes plain text; this one writes a JSON line.
	return gin.CustomRecoveryWithWriter(nil, func(request *gin.Context, problem any) {
		log.Error("panic", "problem", fmt.Sprint(problem), "path", request.Request.URL.Path)
		request.AbortWithStatusJSON(http.StatusInternalServerError, gin.H{"error": "internal error"})
	})
}

// logged writes one line per request. Health checks, which come every few seconds, are logged at level DEBUG.
func logged(log *slog.Logger) gin.HandlerFunc {
	return func(request *gin.Context) {
		started := time.Now()
		request.Next()
		level := slog.LevelInfo
		if request.FullPath() == "/healthz" {
			level = slog.LevelDebug
		}
		log.Log(request, level, "request", "method", request.Request.Method, "path", request.Request.URL.Path,
			"status", request.Writer.Status(), "ms", time.Since(started).Milliseconds(), "client", request.ClientIP())
	}
}
