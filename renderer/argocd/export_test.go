package argocd

import (
	"time"

	"github.com/gatorcloud/sluice/renderer/backoff"
)

// Hasten makes the pauses of a client's watches short.
func Hasten(c *Client) { c.again = backoff.Pauses{First: time.Millisecond, Most: time.Second} }
