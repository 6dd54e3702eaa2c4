package timeline

import (
	"bufio"
	"fmt"
	"io"
)

// Text writes one line for each event with the seconds since the first one.
func (es Events) Text(w io.Writer) error {
	out := bufio.NewWriter(w)
	for _, e := range es {
		fmt.Fprintf(out, "%+9.3fs  %s\n", e.At.Sub(es[0].At).Seconds(), e)
	}
	return out.Flush()
}
