// Package gittest serves bare repositories over smart HTTP and SSH inside a
// test, with the real git behind them, on loopback.
package gittest
