package cmpserver

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"google.golang.org/grpc/codes"

	"github.com/gatorcloud/sluice/plugin"
)

// Outcomes of a request, as metrics and logs name them.
const (
	outcomeOK       = "ok"
	outcomeRefused  = "refused"
	outcomeFailed   = "failed"
	outcomeBusy     = "busy"
	outcomeTimeout  = "timeout"
	outcomeCanceled = "canceled"
)

// finish notes how a request ended.
func (s *Server) finish(ctx context.Context, c *call, err error, took time.Duration) {
	c.outcome, c.reason = outcomeOf(err), plugin.ReasonOf(err)
	s.metrics.record(*c, took)
	level := slog.LevelInfo
	fields := []slog.Attr{
		slog.String("method", c.method), slog.String("app", c.app), slog.String("level", string(c.level)), slog.String("outcome", c.outcome),
		slog.Float64("seconds", took.Seconds()), slog.Int64("received", c.received), slog.Int("documents", c.documents),
	}
	if err != nil {
		level = slog.LevelWarn
		fields = append(fields, slog.String("reason", string(c.reason)), slog.String("error", err.Error()))
	}
	if p, ok := errors.AsType[*panicError](err); ok {
		level = slog.LevelError
		fields = append(fields, slog.Any("panic", p.value), slog.String("stack", string(p.stack)))
	}
	s.options.Logger.LogAttrs(ctx, level, "request", fields...)
}

func outcomeOf(err error) string {
	if err == nil {
		return outcomeOK
	}
	switch codeOf(err) {
	case codes.ResourceExhausted:
		return outcomeBusy
	case codes.DeadlineExceeded:
		return outcomeTimeout
	case codes.Canceled:
		return outcomeCanceled
	case codes.FailedPrecondition, codes.InvalidArgument:
		return outcomeRefused
	}
	return outcomeFailed
}
