package gittest

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"
)

// SSH is an SSH server that runs git upload-pack and git receive-pack.
type SSH struct {
	// URL is the repository's, with the user git.
	URL string
	// Key is the PEM private key that it accepts.
	Key []byte
	// KnownHosts is a file that holds the server's key.
	KnownHosts string

	config   *ssh.ServerConfig
	listener net.Listener
	dir      string
	done     sync.WaitGroup
}

// SSH serves the repository on a free port of loopback.
func (r *Repo) SSH() *SSH {
	r.t.Helper()
	s := &SSH{dir: r.Dir, KnownHosts: filepath.Join(r.t.TempDir(), "known_hosts")}
	if err := s.listen(); err != nil {
		r.t.Fatal(err)
	}
	s.done.Go(s.accept)
	r.t.Cleanup(func() {
		_ = s.listener.Close()
		s.done.Wait()
	})
	return s
}

func (s *SSH) listen() error {
	client, pemKey, err := newKey()
	if err != nil {
		return err
	}
	host, _, err := newKey()
	if err != nil {
		return err
	}
	s.Key = pemKey
	s.config = &ssh.ServerConfig{PublicKeyCallback: func(_ ssh.ConnMetadata, k ssh.PublicKey) (*ssh.Permissions, error) {
		if string(k.Marshal()) != string(client.PublicKey().Marshal()) {
			return nil, errors.New("unknown key")
		}
		return nil, nil
	}}
	s.config.AddHostKey(host)
	if s.listener, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		return err
	}
	addr := s.listener.Addr().String()
	s.URL = "ssh://git@" + addr + s.dir
	line := knownhosts.Line([]string{knownhosts.Normalize(addr)}, host.PublicKey())
	return os.WriteFile(s.KnownHosts, []byte(line+"\n"), 0o600)
}

func newKey() (ssh.Signer, []byte, error) {
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	block, err := ssh.MarshalPrivateKey(private, "")
	if err != nil {
		return nil, nil, err
	}
	signer, err := ssh.NewSignerFromKey(private)
	return signer, pem.EncodeToMemory(block), err
}

func (s *SSH) accept() {
	for {
		conn, err := s.listener.Accept()
		if err != nil {
			return // the test is over
		}
		s.done.Go(func() { s.serve(conn) })
	}
}

func (s *SSH) serve(conn net.Conn) {
	defer conn.Close()
	_, channels, requests, err := ssh.NewServerConn(conn, s.config)
	if err != nil {
		return
	}
	go ssh.DiscardRequests(requests)
	for c := range channels {
		if c.ChannelType() != "session" {
			_ = c.Reject(ssh.UnknownChannelType, "sessions only")
			continue
		}
		channel, requests, err := c.Accept()
		if err != nil {
			return
		}
		s.session(channel, requests)
	}
}

// session answers the one request that git makes: exec.
func (s *SSH) session(channel ssh.Channel, requests <-chan *ssh.Request) {
	defer channel.Close()
	for req := range requests {
		var command struct{ Line string }
		if req.Type != "exec" || ssh.Unmarshal(req.Payload, &command) != nil {
			_ = req.Reply(false, nil)
			continue
		}
		_ = req.Reply(true, nil)
		status := uint32(0)
		if err := s.run(command.Line, channel); err != nil {
			fmt.Fprintln(channel.Stderr(), err)
			status = 1
		}
		_, _ = channel.SendRequest("exit-status", false, ssh.Marshal(struct{ Status uint32 }{status}))
		return
	}
}

// run runs git-upload-pack or git-receive-pack on the one repository.
func (s *SSH) run(line string, channel ssh.Channel) error {
	name, path, _ := strings.Cut(line, " ")
	if strings.Trim(path, "'") != s.dir || name != "git-upload-pack" && name != "git-receive-pack" {
		return fmt.Errorf("%s does not appear to be a git repository", path)
	}
	cmd := exec.Command("git", strings.TrimPrefix(name, "git-"), s.dir)
	cmd.Env, cmd.Stdout, cmd.Stderr = Env(), channel, channel.Stderr()
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	go func() {
		_, _ = io.Copy(stdin, channel)
		_ = stdin.Close()
	}()
	return cmd.Run()
}
