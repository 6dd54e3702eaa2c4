package chart

import (
	"strings"
	"text/template/parse"
)

// The functions that stand in parsed templates only. A template cannot call
// them: its parser does not know them.
const (
	tickFunc     = "_tick"
	passFunc     = "_pass"
	showFunc     = "_show"
	methodFunc   = "_method"
	templateFunc = "_template"
)

// instrument makes a parsed template pay. Each round of a loop and each call of
// a template ticks, the result of every command goes through the meter, and
// {{template}} becomes a function, whose depth is known.
func instrument(l *parse.ListNode) {
	if l == nil {
		return
	}
	for i, n := range l.Nodes {
		switch n := n.(type) {
		case *parse.ActionNode:
			last := passFunc
			if len(n.Pipe.Decl) == 0 {
				last = showFunc // it is printed
			}
			pipe(n.Pipe, last)
		case *parse.IfNode:
			branch(&n.BranchNode)
		case *parse.WithNode:
			branch(&n.BranchNode)
		case *parse.RangeNode:
			branch(&n.BranchNode)
			tick(n.List)
		case *parse.TemplateNode:
			l.Nodes[i] = called(n)
		}
	}
}

func branch(n *parse.BranchNode) {
	pipe(n.Pipe, passFunc)
	instrument(n.List)
	instrument(n.ElseList)
}

// tick puts a step before what a list does.
func tick(l *parse.ListNode) {
	step := &parse.ActionNode{NodeType: parse.NodeAction, Pos: l.Pos, Pipe: pipeOf(l.Pos, call(l.Pos, tickFunc))}
	l.Nodes = append([]parse.Node{step}, l.Nodes...)
}

// called returns a call of the function for {{template "name" pipe}}.
func called(n *parse.TemplateNode) parse.Node {
	c := call(n.Pos, templateFunc)
	c.Args = append(c.Args, &parse.StringNode{NodeType: parse.NodeString, Pos: n.Pos, Quoted: quoted(n.Name), Text: n.Name})
	if n.Pipe != nil {
		pipe(n.Pipe, passFunc)
		c.Args = append(c.Args, n.Pipe)
	}
	return &parse.ActionNode{NodeType: parse.NodeAction, Pos: n.Pos, Line: n.Line, Pipe: pipeOf(n.Pos, c)}
}

// pipe puts a meter behind each command of p, last behind the last.
func pipe(p *parse.PipeNode, last string) {
	cmds := make([]*parse.CommandNode, 0, 2*len(p.Cmds))
	for i, c := range p.Cmds {
		meter := passFunc
		if i == len(p.Cmds)-1 {
			meter = last
		}
		cmds = append(cmds, c)
		if command(c) {
			cmds = append(cmds, call(c.Pos, methodFunc))
		}
		cmds = append(cmds, call(c.Pos, meter))
	}
	p.Cmds = cmds
}

// command puts meters into the arguments of c, and reports whether it calls a
// method. Functions of the map charge for theirs themselves; comparisons and
// methods are not in it.
func command(c *parse.CommandNode) (method bool) {
	meter := passFunc
	id, ok := c.Args[0].(*parse.IdentifierNode)
	if ok {
		meter = ""
		if compares(id.Ident) {
			meter = showFunc // when it fails it prints what it was given
		}
	}
	for i, arg := range c.Args {
		switch n := arg.(type) {
		case *parse.PipeNode:
			pipe(n, passFunc)
		case *parse.ChainNode:
			if inner, ok := n.Node.(*parse.PipeNode); ok {
				pipe(inner, passFunc)
			}
		}
		if i > 0 && meter != "" && !literal(arg) {
			c.Args[i] = pipeOf(arg.Position(), &parse.CommandNode{NodeType: parse.NodeCommand, Pos: arg.Position(), Args: []parse.Node{arg}}, call(arg.Position(), meter))
		}
	}
	return !ok && len(c.Args) > 1
}

func compares(name string) bool {
	switch name {
	case "eq", "ne", "lt", "le", "gt", "ge":
		return true
	}
	return false
}

func literal(n parse.Node) bool {
	switch n.Type() {
	case parse.NodeString, parse.NodeNumber, parse.NodeBool, parse.NodeNil:
		return true
	}
	return false
}

func call(at parse.Pos, function string) *parse.CommandNode {
	return &parse.CommandNode{NodeType: parse.NodeCommand, Pos: at, Args: []parse.Node{parse.NewIdentifier(function).SetPos(at)}}
}

func pipeOf(at parse.Pos, cmds ...*parse.CommandNode) *parse.PipeNode {
	return &parse.PipeNode{NodeType: parse.NodePipe, Pos: at, Cmds: cmds}
}

func quoted(s string) string { return `"` + s + `"` }

// clean takes the meters out of the message of an error.
func clean(err error) error {
	text := strings.NewReplacer(" | "+passFunc, "", " | "+showFunc, "", " | "+methodFunc, "", templateFunc, "template").Replace(oneLine(err).Error())
	return &lineError{text, err}
}
