module slipway.example/mirror

go 1.24
