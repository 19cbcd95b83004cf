// SPDX-License-Identifier: GPL-3.0-or-later

package driver

// static int answer(void) { return 42; }
import "C"

import "errors"

// Query asks the C half.
func Query() error {
	if C.answer() != 42 {
		return errors.New("wrong answer")
	}
	return nil
}
