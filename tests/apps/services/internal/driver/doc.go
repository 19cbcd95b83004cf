// SPDX-License-Identifier: GPL-3.0-or-later

// Package driver stands for the database drivers that are C inside, and leave a stub where cgo is off.
package driver
