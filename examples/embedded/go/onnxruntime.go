package vowels

/*
#cgo CFLAGS: -O2
#cgo LDFLAGS: -lonnxruntime

#include <stdlib.h>
#include <string.h>

#include <onnxruntime_c_api.h>

#include "interface.h"

// Go cannot call through pointers, hence a function for each that is needed.

static const OrtApi *get_api(void) { return OrtGetApiBase()->GetApi(INTERFACE_API); }

static OrtStatus *open_session(const OrtApi *ort, const void *model, size_t size, int threads, int level,
                               const char *provider, OrtEnv **env, OrtSession **session)
{
    return interface_open(ort, model, size, threads, level, provider, env, session);
}

static void close_session(const OrtApi *ort, OrtEnv *env, OrtSession *session)
{
    if (session)
        ort->ReleaseSession(session);
    if (env)
        ort->ReleaseEnv(env);
}

static OrtStatus *create(const OrtApi *ort, const int64_t *shape, size_t rank, int type, OrtValue **value)
{
    OrtAllocator *allocator;
    OrtStatus *status = ort->GetAllocatorWithDefaultOptions(&allocator);
    return status ? status : ort->CreateTensorAsOrtValue(allocator, shape, rank, (ONNXTensorElementDataType)type, value);
}

// Copies: C must not keep memory of Go's after a call.
static OrtStatus *fill(const OrtApi *ort, OrtValue *value, const void *data, size_t bytes)
{
    void *room;
    OrtStatus *status = ort->GetTensorMutableData(value, &room);
    if (!status && bytes)
        memcpy(room, data, bytes);
    return status;
}

static OrtStatus *fill_text(const OrtApi *ort, OrtValue *value, size_t index, const void *text, size_t bytes)
{
    char *room;
    OrtStatus *status = ort->GetResizedStringTensorElementBuffer(value, index, bytes, &room);
    if (!status && bytes)
        memcpy(room, text, bytes);
    return status;
}

static OrtStatus *run(const OrtApi *ort, OrtSession *session, char **inputs, OrtValue **values, size_t count,
                      char **outputs, OrtValue **answers, size_t answer_count)
{
    return ort->Run(session, NULL, (const char *const *)inputs, (const OrtValue *const *)values, count,
                    (const char *const *)outputs, answer_count, answers);
}

// The shape of an output; fails where it is none of those for which this was made.
static OrtStatus *describe(const OrtApi *ort, const OrtValue *value, size_t place, int64_t *shape)
{
    const interface_port *port = &interface_outputs[place];
    size_t rank = 0;
    OrtTensorTypeAndShapeInfo *info;
    ONNXTensorElementDataType found = ONNX_TENSOR_ELEMENT_DATA_TYPE_UNDEFINED;
    OrtStatus *status = ort->GetTensorTypeAndShape(value, &info);
    if (status)
        return status;
    status = ort->GetTensorElementType(info, &found);
    if (!status)
        status = ort->GetDimensionsCount(info, &rank);
    if (!status && rank <= port->rank)
        status = ort->GetDimensions(info, shape, rank);
    ort->ReleaseTensorTypeAndShapeInfo(info);
    if (!status && !interface_fits(port, (int)found, rank, shape))
        status = interface_other(ort, "output", port->name);
    return status;
}

static OrtStatus *data_of(const OrtApi *ort, OrtValue *value, void **data)
{
    return ort->GetTensorMutableData(value, data);
}

static OrtStatus *text_length(const OrtApi *ort, const OrtValue *value, size_t *bytes)
{
    return ort->GetStringTensorDataLength(value, bytes);
}

static OrtStatus *text_content(const OrtApi *ort, const OrtValue *value, void *room, size_t bytes, size_t *offsets,
                               size_t count)
{
    return ort->GetStringTensorContent(value, room, bytes, offsets, count);
}

static const char *message_of(const OrtApi *ort, const OrtStatus *status) { return ort->GetErrorMessage(status); }
static void release_status(const OrtApi *ort, OrtStatus *status) { ort->ReleaseStatus(status); }
static void release_value(const OrtApi *ort, OrtValue *value) { ort->ReleaseValue(value); }
*/
import "C"

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"unsafe"
)

// Float16 is a float of 16 bits, as its bits.
type Float16 uint16

// Float64 gives its value.
func (f Float16) Float64() float64 {
	exponent, fraction := int(f>>10&31), float64(f&1023)
	var size float64
	switch {
	case exponent == 31 && fraction == 0:
		size = math.Inf(1)
	case exponent == 31:
		size = math.NaN()
	case exponent == 0:
		size = math.Ldexp(fraction, -24)
	default:
		size = math.Ldexp(1024+fraction, exponent-25)
	}
	if f>>15 == 1 {
		return -size
	}
	return size
}

// NewFloat16 rounds to the nearest, to even between two.
func NewFloat16(value float64) Float16 {
	var sign Float16
	if math.Signbit(value) {
		sign = 1 << 15
	}
	size := math.Abs(value)
	if math.IsNaN(size) {
		return sign | 0x7e00
	}
	if size >= 65520 { // half way beyond the largest
		return sign | 0x7c00
	}
	// the distance between two neighbours at this size; 1024 of them, rounded up to, carry into the exponent
	_, exponent := math.Frexp(size)
	if exponent < -13 {
		exponent = -13
	}
	steps := math.RoundToEven(math.Ldexp(size, 11-exponent))
	return sign | Float16((exponent+13)*1024+int(steps))
}

// Element is a type that tensors are made of.
type Element interface {
	float32 | float64 | Float16 | int64 | int32 | uint8 | bool | string
}

// Tensor holds values in row-major order.
type Tensor[T Element] struct {
	Shape  []int64
	Values []T
}

// Full makes a tensor that holds one value throughout.
func Full[T Element](value T, shape ...int64) Tensor[T] {
	values := make([]T, count(shape))
	for i := range values {
		values[i] = value
	}
	return Tensor[T]{shape, values}
}

func count(shape []int64) int64 {
	product := int64(1)
	for _, size := range shape {
		product *= size
	}
	return product
}

// typeOf gives ONNX's number of a type, which is ONNX Runtime's too.
func typeOf[T Element]() C.int {
	var none T
	switch any(none).(type) {
	case float32:
		return 1
	case uint8:
		return 2
	case int32:
		return 6
	case int64:
		return 7
	case string:
		return 8
	case bool:
		return 9
	case Float16:
		return 10
	default:
		return 11
	}
}

// unlimited is the most of an axis that has no largest length.
const unlimited = math.MaxInt64

// axis says which lengths an axis of the inputs may have.
type axis struct {
	name        string
	least, most int64
}

// shapes holds the inputs of a call to their axes, and keeps what is first found wrong.
type shapes struct {
	found map[string]int64
	err   error
}

func (s *shapes) fail(format string, details ...any) {
	if s.err == nil {
		s.err = fmt.Errorf(format, details...)
	}
}

// hold looks at one input: ONNX Runtime ends the process where an LSTM gets no sequence.
func (s *shapes) hold(input string, shape []int64, axes ...axis) {
	if len(shape) != len(axes) {
		s.fail("input '%s': has %d axes instead of %d", input, len(shape), len(axes))
		return
	}
	for k, axis := range axes {
		found, seen := s.found[axis.name]
		switch length := shape[k]; {
		case length < axis.least:
			s.fail("input '%s': axis '%s' has length %d, and must have %d at least", input, axis.name, length, axis.least)
		case length > axis.most:
			s.fail("input '%s': axis '%s' has length %d, and must have %d at most", input, axis.name, length, axis.most)
		case seen && found != length:
			s.fail("input '%s': axis '%s' has length %d, and %d in another input: they must agree", input, axis.name, length, found)
		default:
			s.found[axis.name] = length
		}
	}
}

// holdLengths looks at lengths along an axis: one beyond the end would be read there.
func holdLengths[T int64 | int32](s *shapes, input string, lengths []T, along string, least int64) {
	most, seen := s.found[along]
	if !seen {
		most = unlimited
	}
	for at, length := range lengths {
		if int64(length) < least || int64(length) > most {
			s.fail("input '%s': %d at %d, and a length must be from %d to %d", input, length, at, least, most)
		}
	}
}

// Options say how to open a model; zeros are the best for small ones.
type Options struct {
	Threads      int          // of one call; 0 for one
	Optimisation Optimisation // of the graph
	Provider     string       // what this build of ONNX Runtime has beside the CPU: "CUDA", "CoreML", "XNNPACK"
}

// Optimisation is what is done to the graph before it runs.
type Optimisation int

// The levels; all is the one that counts where nothing is said.
const (
	OptimiseNone     Optimisation = -1
	OptimiseAll      Optimisation = 0
	OptimiseBasic    Optimisation = 1
	OptimiseExtended Optimisation = 2
)

// session is a model that is loaded, ready to run.
type session struct {
	ort     *C.OrtApi
	env     *C.OrtEnv
	ptr     *C.OrtSession
	inputs  []*C.char
	outputs []*C.char
}

func openSession(content []byte, options Options, inputs, outputs []string) (*session, error) {
	s := &session{ort: C.get_api()}
	if s.ort == nil {
		return nil, errors.New(C.INTERFACE_TOO_OLD)
	}
	size := C.size_t(len(content))
	if size == 0 {
		content = []byte{0} // which has a first one to point to
	}
	provider := C.CString(options.Provider)
	defer C.free(unsafe.Pointer(provider))
	err := s.check(C.open_session(s.ort, unsafe.Pointer(&content[0]), size, C.int(options.Threads),
		C.int(options.Optimisation), provider, &s.env, &s.ptr))
	if err != nil {
		s.close()
		return nil, err
	}
	for _, name := range inputs {
		s.inputs = append(s.inputs, C.CString(name))
	}
	for _, name := range outputs {
		s.outputs = append(s.outputs, C.CString(name))
	}
	return s, nil
}

func (s *session) close() {
	C.close_session(s.ort, s.env, s.ptr)
	for _, name := range append(s.inputs, s.outputs...) {
		C.free(unsafe.Pointer(name))
	}
	*s = session{ort: s.ort}
}

// check turns a status into an error of one line.
func (s *session) check(status *C.OrtStatus) error {
	if status == nil {
		return nil
	}
	defer C.release_status(s.ort, status)
	message, _, _ := strings.Cut(C.GoString(C.message_of(s.ort, status)), "\n")
	return errors.New(message)
}

func (s *session) release(values []*C.OrtValue) {
	for _, value := range values {
		if value != nil {
			C.release_value(s.ort, value)
		}
	}
}

// argument is a tensor of any type.
type argument interface {
	value(s *session) (*C.OrtValue, error)
}

// run takes tensors in the graph's order, and gives outputs that must be released.
func (s *session) run(arguments ...argument) ([]*C.OrtValue, error) {
	if s.ptr == nil {
		return nil, errors.New("the model is closed")
	}
	values := make([]*C.OrtValue, len(arguments))
	defer func() { s.release(values) }()
	for i, argument := range arguments {
		value, err := argument.value(s)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", C.GoString(s.inputs[i]), err)
		}
		values[i] = value
	}
	answers := make([]*C.OrtValue, len(s.outputs))
	err := s.check(C.run(s.ort, s.ptr, &s.inputs[0], &values[0], C.size_t(len(values)),
		&s.outputs[0], &answers[0], C.size_t(len(answers))))
	if err != nil {
		return nil, err
	}
	return answers, nil
}

func (t Tensor[T]) value(s *session) (*C.OrtValue, error) {
	if count(t.Shape) != int64(len(t.Values)) || len(t.Shape) == 0 {
		return nil, fmt.Errorf("%d values do not fill the shape %v", len(t.Values), t.Shape)
	}
	var value *C.OrtValue
	shape := (*C.int64_t)(&t.Shape[0])
	if err := s.check(C.create(s.ort, shape, C.size_t(len(t.Shape)), typeOf[T](), &value)); err != nil {
		return nil, err
	}
	if err := t.fill(s, value); err != nil {
		C.release_value(s.ort, value)
		return nil, err
	}
	return value, nil
}

func (t Tensor[T]) fill(s *session, value *C.OrtValue) error {
	texts, ok := any(t.Values).([]string)
	if !ok {
		if len(t.Values) == 0 {
			return nil
		}
		bytes := uintptr(len(t.Values)) * unsafe.Sizeof(t.Values[0])
		return s.check(C.fill(s.ort, value, unsafe.Pointer(&t.Values[0]), C.size_t(bytes)))
	}
	for i, text := range texts {
		bytes := append([]byte(text), 0) // never empty, so that there is a first one
		if err := s.check(C.fill_text(s.ort, value, C.size_t(i), unsafe.Pointer(&bytes[0]), C.size_t(len(text)))); err != nil {
			return err
		}
	}
	return nil
}

// tensorOf copies one of the outputs; fails where it is of another type or shape.
func tensorOf[T Element](s *session, outputs []*C.OrtValue, place, rank int) (Tensor[T], error) {
	var (
		tensor Tensor[T]
		shape  [C.INTERFACE_AXES]C.int64_t
	)
	output := outputs[place]
	if err := s.check(C.describe(s.ort, output, C.size_t(place), &shape[0])); err != nil {
		return tensor, err
	}
	for _, size := range shape[:rank] {
		tensor.Shape = append(tensor.Shape, int64(size))
	}
	tensor.Values = make([]T, count(tensor.Shape))
	if len(tensor.Values) == 0 {
		return tensor, nil
	}
	if texts, ok := any(tensor.Values).([]string); ok {
		return tensor, s.copyTexts(texts, output)
	}
	var data unsafe.Pointer
	if err := s.check(C.data_of(s.ort, output, &data)); err != nil {
		return tensor, err
	}
	copy(tensor.Values, unsafe.Slice((*T)(data), len(tensor.Values)))
	return tensor, nil
}

func (s *session) copyTexts(texts []string, output *C.OrtValue) error {
	var bytes C.size_t
	if err := s.check(C.text_length(s.ort, output, &bytes)); err != nil {
		return err
	}
	content, offsets := make([]byte, bytes+1), make([]C.size_t, len(texts)+1)
	err := s.check(C.text_content(s.ort, output, unsafe.Pointer(&content[0]), bytes, &offsets[0], C.size_t(len(texts))))
	if err != nil {
		return err
	}
	offsets[len(texts)] = bytes
	for i := range texts {
		texts[i] = string(content[offsets[i]:offsets[i+1]])
	}
	return nil
}
