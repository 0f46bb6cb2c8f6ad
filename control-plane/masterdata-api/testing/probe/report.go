package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"sort"
	"strings"
	"time"

	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
)

const callTimeout = 20 * time.Second

// line is what is printed of a call. Answers are made comparable: times and made-up ids are replaced, and lists whose
// order the original leaves to chance are sorted.
type line struct {
	Step    string `json:"step"`
	Code    string `json:"code"`
	Answer  any    `json:"answer,omitempty"`
	Message string `json:"message,omitempty"`
}

type report struct{}

var uuid = regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)

// call runs one step, prints its outcome, and returns the answer as it was.
func call[M proto.Message](r *report, step string, method func(context.Context) (M, error)) M {
	ctx, cancel := context.WithTimeout(context.Background(), callTimeout)
	defer cancel()
	answer, err := method(ctx)
	out := line{Step: step, Code: status.Code(err).String()}
	if err == nil {
		out.Answer = r.comparable(answer)
	} else {
		out.Message = status.Convert(err).Message()
	}
	print(out)
	return answer
}

// note prints something that is no answer.
func (r *report) note(step string, value any) {
	print(line{Step: step, Code: "OK", Answer: value})
}

func (r *report) comparable(message proto.Message) any {
	text, err := protojson.MarshalOptions{UseProtoNames: true}.Marshal(message)
	if err != nil {
		return err.Error()
	}
	var value any
	if err := json.Unmarshal(text, &value); err != nil {
		return err.Error()
	}
	return r.normal("", value)
}

func (r *report) normal(key string, value any) any {
	switch value := value.(type) {
	case map[string]any:
		for key, inner := range value {
			value[key] = r.normal(key, inner)
		}
		return value
	case []any:
		for index, inner := range value {
			value[index] = r.normal("", inner)
		}
		if key == "projects" || key == "tenants" || key == "project_ids" {
			sortBy(value)
		}
		return value
	case string:
		if key == "created_time" || key == "updated_time" {
			return "<time>"
		}
		if uuid.MatchString(value) {
			return "<uuid>"
		}
		if len(value) > 200 {
			return fmt.Sprintf("<%d bytes>", len(value))
		}
		return value
	default:
		return value
	}
}

func sortBy(values []any) {
	sort.SliceStable(values, func(a, b int) bool {
		first, _ := json.Marshal(values[a])
		second, _ := json.Marshal(values[b])
		return strings.Compare(string(first), string(second)) < 0
	})
}

func print(out line) {
	encoder := json.NewEncoder(os.Stdout)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(out)
}
