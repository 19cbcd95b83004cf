module slipway.example/services

go 1.24
