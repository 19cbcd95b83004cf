// SPDX-License-Identifier: GPL-3.0-or-later

// panic ends before it serves, with the reason above a long stack.
package main

import "fmt"

func main() { deeper(30, map[string]int(nil)) }

func deeper(levels int, counts map[string]int) {
	if levels == 0 {
		counts["requests"]++ // assignment to entry in nil map
	}
	deeper(levels-1, counts)
	fmt.Println(levels)
}
