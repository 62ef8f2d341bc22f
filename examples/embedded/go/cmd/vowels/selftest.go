package main

import (
	"fmt"
	"sort"
	"time"

	model "example.com/vowels"
)

// call holds the inputs of a golden example, ready for the function.
type call struct {
	// (batch, time, channel = 12)
	values model.Tensor[float32]

	// (batch)
	lengths model.Tensor[int64]
}

func callOf(tensors example) (*call, error) {
	made := new(call)
	var err error
	made.values, err = find[float32](tensors, false, "values", 3)
	if err != nil {
		return nil, err
	}
	made.lengths, err = find[int64](tensors, false, "lengths", 1)
	if err != nil {
		return nil, err
	}
	return made, nil
}

func (c *call) answer(m *model.Model) (*model.Answer, error) {
	return m.Classify(c.values, c.lengths)
}

// difference says how far the answer is from the golden one, and fails where that is too far.
func difference(m *model.Model, g *golden, tensors example) (float64, error) {
	largest := 0.0
	c, err := callOf(tensors)
	if err != nil {
		return largest, err
	}
	answer, err := c.answer(m)
	if err != nil {
		return largest, err
	}
	if err := compare(g, tensors, "label", answer.Label, &largest); err != nil {
		return largest, err
	}
	if err := compare(g, tensors, "probabilities", answer.Probabilities, &largest); err != nil {
		return largest, err
	}
	return largest, nil
}

// selfTest says for each golden example whether the answer agrees; true where all do.
func selfTest(m *model.Model, g *golden) bool {
	passed := 0
	for i, tensors := range g.examples {
		largest, err := difference(m, g, tensors)
		if err != nil {
			fmt.Printf("  %v\nexample %d: FAILED\n", err, i+1)
			continue
		}
		fmt.Printf("example %d: ok, largest difference %.2g\n", i+1, largest)
		passed++
	}
	all, verdict := passed == len(g.examples), "FAILED"
	if all {
		verdict = "passed"
	}
	fmt.Printf("self-test %s: %d of %d examples\n", verdict, passed, len(g.examples))
	return all
}

// bench says how long a call with the first golden example takes.
func bench(m *model.Model, g *golden) error {
	const warm, calls = 100, 1000
	c, err := callOf(g.examples[0])
	if err != nil {
		return err
	}
	var taken []float64
	for i := -warm; i < calls; i++ {
		start := time.Now()
		if _, err := c.answer(m); err != nil {
			return err
		}
		if i >= 0 {
			taken = append(taken, float64(time.Since(start).Nanoseconds())/1e3)
		}
	}
	sort.Float64s(taken)
	fmt.Printf("bench: median %.1f us a call of %d\n", taken[calls/2], calls)
	return nil
}
