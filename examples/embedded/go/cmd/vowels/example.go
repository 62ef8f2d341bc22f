package main

import (
	"fmt"
	"strings"

	model "example.com/vowels"
)

// ask asks the model once: what a program of your own does, with tensors of its own in place of the golden ones.
func ask(m *model.Model, tensors example) error {
	// (batch, time, channel = 12), the columns cepstrum 1, cepstrum 2, cepstrum 3, cepstrum 4, cepstrum 5, cepstrum 6, cepstrum 7, cepstrum 8: {Shape: []int64{1, 15, 12}, Values: ...}
	values_, err := find[float32](tensors, false, "values", 3)
	if err != nil {
		return err
	}
	// (batch): {Shape: []int64{1}, Values: ...}
	lengths_, err := find[int64](tensors, false, "lengths", 1)
	if err != nil {
		return err
	}
	answer, err := m.Classify(values_, lengths_)
	if err != nil {
		return err
	}
	show("label", answer.Label.Values)
	show("probabilities", answer.Probabilities.Values)
	return nil
}

func show[T model.Element](name string, values []T) {
	more := ""
	if len(values) > 8 {
		values, more = values[:8], " ..."
	}
	text := fmt.Sprint(values)
	fmt.Println(name + ": " + strings.Trim(text, "[]") + more)
}
