// Package vowels: Classifies sequences of cepstrum 1, cepstrum 2, cepstrum 3, cepstrum 4, cepstrum 5, cepstrum 6, cepstrum 7, cepstrum 8 and more as one of 1, 2, 3, 4, 5, 6 and 3 more.
//
//	model, err := vowels.Open("model.onnx") // once; goroutines may share it
package vowels

import (
	"fmt"
	"os"
)

// What the model is called that this was made from, when that was exported, and the SHA-256 of its file.
const (
	Name    = "vowels"
	Created = "2026-11-23T17:47:47.498409+00:00"
	SHA256  = "032f11715ec91a5c708106b440e1661b132216445cfb2f055c9ed03fd6a7afc8"
)

// Scores is how well it did on the test split, accuracy first of all.
var Scores = []Score{
	{"accuracy", 0.972972972972973},
	{"balanced_accuracy", 0.9726132130136579},
	{"macro_f1", 0.9737687922124992},
	{"log_loss", 0.09482879445118517},
	{"auc", 0.999154421298664},
	{"ece", 0.008666842289873071},
}

// Score is a metric and its value.
type Score struct {
	Metric string
	Value  float64
}

// ClassLabels are the places of the axis class.
var ClassLabels = []string{
	"1",
	"2",
	"3",
	"4",
	"5",
	"6",
	"7",
	"8",
	"9",
}

var inputNames = []string{"values", "lengths"}

var outputNames = []string{"label", "probabilities"}

// Answer is what the model gives.
type Answer struct {
	// (batch): the likeliest class
	Label Tensor[string]

	// (batch, class = 9): probability of each class, calibrated on validation data if there was any; class: 1, 2, 3, 4, 5, 6, 7, 8, …
	Probabilities Tensor[float32]
}

// Model is loaded once and used for every call, from any number of goroutines.
type Model struct {
	session *session
}

// Open loads the model; Close releases it.
func Open(path string) (*Model, error) {
	return OpenWith(path, Options{})
}

// OpenWith loads the model as the options say.
func OpenWith(path string, options Options) (*Model, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("%s: cannot be read", path)
	}
	model, err := OpenBytes(content, options)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return model, nil
}

// OpenBytes loads what lies in memory, such as what go:embed put there.
func OpenBytes(content []byte, options Options) (*Model, error) {
	opened, err := openSession(content, options, inputNames, outputNames)
	if err != nil {
		return nil, err
	}
	return &Model{opened}, nil
}

// Close releases what ONNX Runtime holds; no call may be under way.
func (model *Model) Close() {
	model.session.close()
}

// Classify: Classifies sequences of cepstrum 1, cepstrum 2, cepstrum 3, cepstrum 4, cepstrum 5, cepstrum 6, cepstrum 7, cepstrum 8 and more as one of 1, 2, 3, 4, 5, 6 and 3 more.
//
//   - values (batch, time, channel = 12): each step of a sequence, in the units of the data; missing where NaN or infinite; channel: cepstrum 1, cepstrum 2, cepstrum 3, cepstrum 4, cepstrum 5, cepstrum 6, cepstrum 7, cepstrum 8, …
//   - lengths (batch): steps of each sequence
func (model *Model) Classify(
	values Tensor[float32],
	lengths Tensor[int64],
) (*Answer, error) {
	held := &shapes{found: map[string]int64{}}
	held.hold("values", values.Shape, axis{"batch", 1, unlimited}, axis{"time", 1, unlimited}, axis{"channel", 12, 12})
	held.hold("lengths", lengths.Shape, axis{"batch", 1, unlimited})
	holdLengths(held, "lengths", lengths.Values, "time", 1)
	if held.err != nil {
		return nil, held.err
	}
	outputs, err := model.session.run(
		values,
		lengths,
	)
	if err != nil {
		return nil, err
	}
	defer model.session.release(outputs)

	answer := new(Answer)
	answer.Label, err = tensorOf[string](model.session, outputs, 0, 1)
	if err != nil {
		return nil, err
	}
	answer.Probabilities, err = tensorOf[float32](model.session, outputs, 1, 2)
	if err != nil {
		return nil, err
	}
	return answer, nil
}
