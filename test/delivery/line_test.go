package delivery

import (
	"io"
	"math/rand/v2"
	"net"
	"net/url"
	"testing"
	"time"
)

// slowLine is the URL of the same database behind a line that keeps whatever a client says
// for up to 3 ms. It puts pauses between the statements of whoever reads the log.
func slowLine(t *testing.T, database string) string {
	t.Helper()
	u, err := url.Parse(database)
	must(t, err)
	network, address := "tcp", u.Host
	if socket := u.Query().Get("host"); socket != "" {
		port := u.Query().Get("port")
		if port == "" {
			port = "5432"
		}
		network, address = "unix", socket+"/.s.PGSQL."+port
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			go connect(client, network, address)
		}
	}()
	q := u.Query()
	q.Del("host")
	q.Del("port")
	u.Host, u.RawQuery = listener.Addr().String(), q.Encode()
	return u.String()
}

func connect(client net.Conn, network, address string) {
	defer client.Close()
	server, err := net.Dial(network, address)
	if err != nil {
		return
	}
	defer server.Close()
	go func() {
		_, _ = io.Copy(client, server)
		_ = client.Close()
	}()
	said := make([]byte, 64<<10)
	for {
		n, err := client.Read(said)
		if err != nil {
			return
		}
		<-time.After(rand.N(3 * time.Millisecond))
		if _, err := server.Write(said[:n]); err != nil {
			return
		}
	}
}
