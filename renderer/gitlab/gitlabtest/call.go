package gitlabtest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// call is one call of the API.
type call struct {
	w     http.ResponseWriter
	r     *http.Request
	s     *Server
	parts []string
	token *token
	by    *user
	body  map[string]any
}

// answer writes a value.
func (c *call) answer(code int, v any) {
	c.w.Header().Set("Content-Type", "application/json")
	c.w.WriteHeader(code)
	_ = json.NewEncoder(c.w).Encode(v)
}

// refuse answers in the form of GitLab's refusals; message is a text, a list or
// lists by field.
func (c *call) refuse(code int, message any) {
	c.answer(code, map[string]any{"message": message})
}

// on refuses every other method.
func (c *call) on(method string) bool {
	if c.r.Method == method {
		return true
	}
	c.refuse(http.StatusMethodNotAllowed, "405 Method Not Allowed")
	return false
}

// known refuses whoever does not show a token that is good for the call.
func (c *call) known() bool {
	given := c.r.Header.Get("Private-Token")
	if given == "" {
		given = strings.TrimPrefix(c.r.Header.Get("Authorization"), "Bearer ")
	}
	c.token = c.s.tokens[given]
	switch {
	case c.token == nil:
		c.refuse(http.StatusUnauthorized, "401 Unauthorized")
	case c.token.expired:
		c.answer(http.StatusUnauthorized, map[string]string{"error": "invalid_token", "error_description": "Token is expired. You can either do re-authorization or token refresh."})
	case c.token.reads && c.r.Method != http.MethodGet:
		c.answer(http.StatusForbidden, map[string]string{"error": "insufficient_scope",
			"error_description": "The request requires higher privileges than provided by the access token.", "scope": "api"})
	default:
		c.by = c.token.user
		return true
	}
	return false
}

// read decodes the body: JSON or a form.
func (c *call) read() bool {
	c.body = map[string]any{}
	if strings.HasPrefix(c.r.Header.Get("Content-Type"), "application/json") {
		if err := json.NewDecoder(c.r.Body).Decode(&c.body); err != nil && c.r.ContentLength != 0 {
			c.refuse(http.StatusBadRequest, "400 Bad request")
			return false
		}
	} else if err := c.r.ParseForm(); err == nil {
		for key, values := range c.r.PostForm {
			c.body[key] = values[0]
		}
	}
	for key, values := range c.r.URL.Query() { // GitLab takes parameters from both
		if _, ok := c.body[key]; !ok {
			c.body[key] = values[0]
		}
	}
	return true
}

// text returns a field of the body, and whether it was given.
func (c *call) text(name string) (string, bool) {
	v, ok := c.body[name]
	if !ok || v == nil {
		return "", false
	}
	if list, is := v.([]any); is {
		parts := make([]string, len(list))
		for i, p := range list {
			parts[i] = fmt.Sprint(p)
		}
		return strings.Join(parts, ","), true
	}
	return fmt.Sprint(v), true
}

func (c *call) flag(name string) bool {
	text, _ := c.text(name)
	return text == "true"
}

// numbers returns a list of a field.
func (c *call) numbers(name string) []int64 {
	list, _ := c.body[name].([]any)
	var all []int64
	for _, v := range list {
		if n, err := strconv.ParseFloat(fmt.Sprint(v), 64); err == nil {
			all = append(all, int64(n))
		}
	}
	return all
}

// paged answers one page of a list.
func paged[T any](c *call, all []T) {
	q := c.r.URL.Query()
	size, page := number(q, "per_page", 20), number(q, "page", 1)
	size = min(size, 100)
	pages := max((len(all)+size-1)/size, 1)
	from := min((page-1)*size, len(all))
	h := c.w.Header()
	h.Set("X-Page", strconv.Itoa(page))
	h.Set("X-Per-Page", strconv.Itoa(size))
	h.Set("X-Total", strconv.Itoa(len(all)))
	h.Set("X-Total-Pages", strconv.Itoa(pages))
	h.Set("X-Next-Page", "")
	h.Set("X-Prev-Page", "")
	if page > 1 {
		h.Set("X-Prev-Page", strconv.Itoa(page-1))
	}
	if page < pages {
		h.Set("X-Next-Page", strconv.Itoa(page+1))
		q.Set("page", strconv.Itoa(page+1))
		q.Set("per_page", strconv.Itoa(size))
		h.Set("Link", "<http://"+c.r.Host+c.r.URL.EscapedPath()+"?"+q.Encode()+`>; rel="next"`)
	}
	c.answer(http.StatusOK, append([]T{}, all[from:min(from+size, len(all))]...))
}

func number(q url.Values, name string, fallback int) int {
	if n, err := strconv.Atoi(q.Get(name)); err == nil && n > 0 {
		return n
	}
	return fallback
}
