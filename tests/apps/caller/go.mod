module slipway.example/caller

go 1.24
