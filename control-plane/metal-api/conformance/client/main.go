// client calls metal-api with the original's Go client. It reads one call a line from standard input,
//
//	{"operation": "createPartition", "role": "Metal-Admin", "parameters": {"body": {"id": "fra"}}}
//
// and answers each with one line: what the client made of the answer, as its users would see it.
//
//	client operations                 lists the operations that the client has
//	client calls URL VIEW EDIT ADMIN  the base URL, and the three shared keys
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"

	metalgo "github.com/metal-stack/metal-go"
)

const maxLineBytes = 16 << 20

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "client:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	switch {
	case len(args) == 1 && args[0] == "operations":
		client, err := metalgo.NewClient("http://nowhere")
		if err != nil {
			return err
		}
		for name := range operationsOf(client) {
			fmt.Println(name)
		}
		return nil
	case len(args) == 5 && args[0] == "calls":
		return serveCalls(args[1], map[string]string{"Metal-View": args[2], "Metal-Edit": args[3], "Metal-Admin": args[4]})
	default:
		return fmt.Errorf("usage: client operations | client calls URL VIEW EDIT ADMIN")
	}
}

type call struct {
	Operation  string          `json:"operation"`
	Role       string          `json:"role"`
	Key        *string         `json:"key"`
	Parameters json.RawMessage `json:"parameters"`
}

func serveCalls(url string, keys map[string]string) error {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, maxLineBytes)
	for lines.Scan() {
		var wanted call
		if err := json.Unmarshal(lines.Bytes(), &wanted); err != nil {
			return err
		}
		key := keys[wanted.Role]
		if wanted.Key != nil {
			key = *wanted.Key
		}
		client, err := metalgo.NewClient(url, metalgo.HMACAuth(key, wanted.Role))
		if err != nil {
			return err
		}
		line, err := json.Marshal(invoke(client, wanted))
		if err != nil {
			return err
		}
		fmt.Println(string(line))
	}
	return lines.Err()
}
