module slipway.example/hello

go 1.24
