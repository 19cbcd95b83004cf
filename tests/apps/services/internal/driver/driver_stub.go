// SPDX-License-Identifier: GPL-3.0-or-later

//go:build !cgo

package driver

import "errors"

// Query fails as the stubs of real drivers do.
func Query() error {
	return errors.New("binary was compiled with CGO_ENABLED=0, this driver requires cgo to work")
}
