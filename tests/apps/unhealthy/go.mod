module slipway.example/unhealthy

go 1.24
