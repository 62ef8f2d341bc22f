package main

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"os"

	model "example.com/vowels"
)

// golden holds examples, and how far an answer may be from them.
//
// golden.bin is little-endian throughout; a text is a u32 and that many bytes of UTF-8:
//
//	"LSTMGOLD", u32 version 1, f64 rtol, f64 atol, u32 examples; for each: u32 tensors; for each:
//	u32 role (0 input, 1 output), text name, u32 ONNX type, u32 rank, rank times u32, u32 bytes, values (strings as texts)
type golden struct {
	rtol, atol float64
	examples   []example
}

type example []stored

type stored struct {
	output  bool
	name    string
	element uint32
	shape   []int64
	bytes   []byte
}

func readGolden(path string) (*golden, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("%s: cannot be read: %w", path, errors.Unwrap(err))
	}
	rest := reader{content, true}
	read := new(golden)
	rest.good = string(rest.take(8)) == "LSTMGOLD" && rest.u32() == 1
	read.rtol, read.atol = rest.f64(), rest.f64()
	for n := rest.u32(); n > 0 && rest.good; n-- {
		var tensors example
		for n := rest.u32(); n > 0 && rest.good; n-- {
			tensors = append(tensors, rest.stored())
		}
		read.examples = append(read.examples, tensors)
	}
	if !rest.good || len(read.examples) == 0 {
		return nil, fmt.Errorf("%s: is no file of golden examples, or a part of one", path)
	}
	return read, nil
}

// reader takes what comes next; it is no longer good where the bytes end too early, and gives zeros from then on.
type reader struct {
	bytes []byte
	good  bool
}

func (r *reader) take(count uint32) []byte {
	if !r.good || uint64(count) > uint64(len(r.bytes)) {
		r.good = false
		return nil
	}
	taken := r.bytes[:count]
	r.bytes = r.bytes[count:]
	return taken
}

func (r *reader) u32() uint32 {
	if taken := r.take(4); taken != nil {
		return binary.LittleEndian.Uint32(taken)
	}
	return 0
}

func (r *reader) u64() uint64 {
	if taken := r.take(8); taken != nil {
		return binary.LittleEndian.Uint64(taken)
	}
	return 0
}

func (r *reader) f64() float64 {
	return math.Float64frombits(r.u64())
}

func (r *reader) text() string {
	return string(r.take(r.u32()))
}

func (r *reader) stored() stored {
	var tensor stored
	tensor.output = r.u32() == 1
	tensor.name = r.text()
	tensor.element = r.u32()
	for n := r.u32(); n > 0 && r.good; n-- {
		tensor.shape = append(tensor.shape, int64(r.u32()))
	}
	tensor.bytes = r.take(r.u32())
	return tensor
}

// next reads one value, and gives ONNX's number of its type.
func next[T model.Element](r *reader, value *T) uint32 {
	switch value := any(value).(type) {
	case *float32:
		*value = math.Float32frombits(r.u32())
		return 1
	case *uint8:
		if taken := r.take(1); taken != nil {
			*value = taken[0]
		}
		return 2
	case *int32:
		*value = int32(r.u32())
		return 6
	case *int64:
		*value = int64(r.u64())
		return 7
	case *string:
		*value = r.text()
		return 8
	case *bool:
		if taken := r.take(1); taken != nil {
			*value = taken[0] != 0
		}
		return 9
	case *model.Float16:
		if taken := r.take(2); taken != nil {
			*value = model.Float16(binary.LittleEndian.Uint16(taken))
		}
		return 10
	case *float64:
		*value = r.f64()
		return 11
	}
	return 0
}

// find gives the tensor of that name, type and rank.
func find[T model.Element](tensors example, output bool, name string, rank int) (model.Tensor[T], error) {
	var tensor model.Tensor[T]
	for _, found := range tensors {
		if found.output != output || found.name != name {
			continue
		}
		var none T
		if next(new(reader), &none) != found.element || len(found.shape) != rank {
			return tensor, fmt.Errorf("the golden %s is of another type or shape than the model's", name)
		}
		tensor.Shape = found.shape
		rest := reader{found.bytes, true}
		for len(rest.bytes) > 0 && rest.good {
			var value T
			next(&rest, &value)
			tensor.Values = append(tensor.Values, value)
		}
		count := int64(1)
		for _, size := range tensor.Shape {
			count *= size
		}
		if !rest.good || count != int64(len(tensor.Values)) {
			return tensor, fmt.Errorf("the golden %s is not whole", name)
		}
		return tensor, nil
	}
	return tensor, fmt.Errorf("the golden examples have no %s", name)
}

// compare fails where an output and the golden one do not agree, and raises `largest` to the largest difference.
func compare[T model.Element](g *golden, tensors example, name string, got model.Tensor[T], largest *float64) error {
	wanted, err := find[T](tensors, true, name, len(got.Shape))
	if err != nil {
		return err
	}
	for axis, size := range wanted.Shape {
		if got.Shape[axis] != size {
			return fmt.Errorf("%s is of shape %v instead of %v", name, got.Shape, wanted.Shape)
		}
	}
	width := len(wanted.Values)
	if len(wanted.Shape) > 0 && wanted.Shape[0] > 0 {
		width /= int(wanted.Shape[0])
	}
	for start := 0; start < len(wanted.Values); start += width {
		scale := 0.0
		for _, value := range wanted.Values[start : start+width] {
			if size, ok := number(value); ok && !math.IsInf(size, 0) && !math.IsNaN(size) {
				scale = math.Max(scale, math.Abs(size))
			}
		}
		for i := start; i < start+width; i++ {
			a, isNumber := number(got.Values[i])
			b, _ := number(wanted.Values[i])
			difference := math.Abs(a - b)
			switch {
			case got.Values[i] == wanted.Values[i], math.IsNaN(a) && math.IsNaN(b):
			case !isNumber:
				return fmt.Errorf("%s[%d] is %v instead of %v", name, i, got.Values[i], wanted.Values[i])
			case !(difference <= g.atol+g.rtol*scale):
				return fmt.Errorf("%s[%d] is %.9g instead of %.9g", name, i, a, b)
			default:
				*largest = math.Max(*largest, difference)
			}
		}
	}
	return nil
}

// number gives a value that is compared within the tolerance; what is none must be equal.
func number(value any) (float64, bool) {
	switch value := value.(type) {
	case float32:
		return float64(value), true
	case float64:
		return value, true
	case model.Float16:
		return value.Float64(), true
	}
	return 0, false
}
