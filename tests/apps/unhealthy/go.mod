module slipway.example/sick

go 1.24
