// Fills templates as the original does, for template.test.ts: a JSON object a line with a template and a document comes
// in, one with what it printed or its error goes out.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"text/template"

	sprig "github.com/go-task/slim-sprig/v3"
)

type question struct {
	Template string `json:"template"`
	Document any    `json:"document"`
}

type answer struct {
	Printed string `json:"printed"`
	Error   string `json:"error,omitempty"`
}

func fill(asked question) (string, error) {
	parsed, err := template.New("t").Funcs(sprig.TxtFuncMap()).Parse(asked.Template)
	if err != nil {
		return "", err
	}
	var printed strings.Builder
	err = parsed.Execute(&printed, asked.Document)
	return printed.String(), err
}

func main() {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<24)
	for lines.Scan() {
		var asked question
		if err := json.Unmarshal(lines.Bytes(), &asked); err != nil {
			panic(err)
		}
		var told answer
		var err error
		if told.Printed, err = fill(asked); err != nil {
			told.Error = err.Error()
		}
		out, _ := json.Marshal(told)
		fmt.Println(string(out))
	}
}
