// Classifies sequences of cepstrum 1, cepstrum 2, cepstrum 3, cepstrum 4, cepstrum 5, cepstrum 6, cepstrum 7, cepstrum 8 and more as one of 1, 2, 3, 4, 5, 6 and 3 more.
//
//	vowels              asks the first golden example
//	vowels --self-test  asks all of them, and compares
//
// Exit status: 0, 1 where the self-test fails, 2 for what cannot be used.
package main

import (
	"errors"
	"fmt"
	"os"

	model "example.com/vowels"
)

const usage = "usage: vowels [--model FILE] [--golden FILE] [--self-test | --bench]"

func run(arguments []string) (passed bool, err error) {
	path, goldenPath, test, timed := "model.onnx", "golden.bin", false, false
	for ; len(arguments) > 0; arguments = arguments[1:] {
		switch argument := arguments[0]; {
		case argument == "--self-test":
			test = true
		case argument == "--bench":
			timed = true
		case argument == "--model" && len(arguments) > 1:
			path, arguments = arguments[1], arguments[1:]
		case argument == "--golden" && len(arguments) > 1:
			goldenPath, arguments = arguments[1], arguments[1:]
		default:
			return false, errors.New(usage)
		}
	}
	m, err := model.Open(path)
	if err != nil {
		return false, err
	}
	defer m.Close()

	g, err := readGolden(goldenPath)
	switch {
	case err != nil:
		return false, err
	case test:
		return selfTest(m, g), nil
	case timed:
		return true, bench(m, g)
	default:
		return true, ask(m, g.examples[0])
	}
}

func main() {
	passed, err := run(os.Args[1:])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	if !passed {
		os.Exit(1)
	}
}
