module slipway.example/flaky_mirror

go 1.24
