package main

import (
	"encoding/json"
	"fmt"
	"io"
	"reflect"
	"strings"
	"time"
	"unicode"

	"github.com/go-openapi/runtime"
	metalgo "github.com/metal-stack/metal-go"
	"github.com/metal-stack/metal-lib/httperrors"
)

const timeout = time.Minute

// answer is what the generated client returned: the name of its Go type tells which declared status it understood.
type answer struct {
	Type    string `json:"type"`
	Payload any    `json:"payload,omitempty"`
	// Message of an error as a user sees it.
	Error string `json:"error,omitempty"`
	// StatusCode is what the decoded body of an error says.
	StatusCode int `json:"statuscode,omitempty"`
}

// operationsOf finds the methods of all parts of the client, by their name with a lower first letter.
func operationsOf(client metalgo.Client) map[string]reflect.Value {
	operations := map[string]reflect.Value{}
	parts := reflect.ValueOf(client)
	for i := range parts.NumMethod() {
		part := parts.Method(i).Call(nil)[0].Elem()
		for j := range part.NumMethod() {
			name := part.Type().Method(j).Name
			if name != "SetTransport" {
				operations[string(unicode.ToLower(rune(name[0])))+name[1:]] = part.Method(j)
			}
		}
	}
	return operations
}

func invoke(client metalgo.Client, wanted call) answer {
	method, known := operationsOf(client)[wanted.Operation]
	if !known {
		return answer{Type: "unknown operation", Error: wanted.Operation}
	}
	parameters, err := parametersOf(method.Type().In(0), wanted.Parameters)
	if err != nil {
		return answer{Type: "wrong parameters", Error: err.Error()}
	}
	results := method.Call([]reflect.Value{parameters, reflect.Zero(method.Type().In(1))})
	if err, failed := results[len(results)-1].Interface().(error); failed {
		return answerToError(err)
	}
	for _, result := range results[:len(results)-1] {
		if !result.IsNil() {
			return answer{Type: result.Elem().Type().Name(), Payload: payloadOf(result)}
		}
	}
	return answer{Type: "nothing"}
}

// file is what an upload sends.
type file struct{ io.Reader }

func (file) Close() error { return nil }
func (file) Name() string { return "upload" }

func parametersOf(pointer reflect.Type, values json.RawMessage) (reflect.Value, error) {
	parameters := reflect.New(pointer.Elem())
	parameters.MethodByName("SetTimeout").Call([]reflect.Value{reflect.ValueOf(timeout)})
	fields := map[string]json.RawMessage{}
	if len(values) > 0 {
		if err := json.Unmarshal(values, &fields); err != nil {
			return parameters, err
		}
	}
	for name, value := range fields {
		field := parameters.Elem().FieldByNameFunc(func(field string) bool { return strings.EqualFold(field, name) })
		if !field.IsValid() {
			return parameters, fmt.Errorf("%s has no field %s", pointer, name)
		}
		if field.Type() == reflect.TypeFor[runtime.NamedReadCloser]() {
			field.Set(reflect.ValueOf(file{strings.NewReader(string(value))}))
			continue
		}
		if field.Kind() == reflect.Interface {
			// The client's type for a body without fields.
			field.Set(reflect.ValueOf(map[string]any{}))
			continue
		}
		if err := json.Unmarshal(value, field.Addr().Interface()); err != nil {
			return parameters, fmt.Errorf("%s: %w", name, err)
		}
	}
	return parameters, nil
}

func payloadOf(result reflect.Value) any {
	method := result.MethodByName("GetPayload")
	if !method.IsValid() {
		return nil
	}
	return method.Call(nil)[0].Interface()
}

// answerToError reads what the client decoded of an error's body: a text inside the JSON that holds JSON.
func answerToError(err error) answer {
	result := answer{Type: reflect.TypeOf(err).String(), Error: err.Error()}
	value := reflect.ValueOf(err)
	if value.Kind() != reflect.Pointer || value.Elem().Kind() != reflect.Struct {
		return result
	}
	result.Type = value.Elem().Type().Name()
	switch body := payloadOf(value).(type) {
	case *httperrors.HTTPErrorResponse:
		result.StatusCode, result.Error = body.StatusCode, body.Message
	default:
		result.Payload = body
	}
	return result
}
