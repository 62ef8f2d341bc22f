/* The inputs and outputs for which this code was made: a session that has others is not used. */
#ifndef INTERFACE_H
#define INTERFACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <onnxruntime_c_api.h>

enum {
    INTERFACE_AXES = 8,
    INTERFACE_API = 15 /* all that is needed: ONNX Runtime 1.15 and every newer one has it */
};

#define INTERFACE_TOO_OLD "this ONNX Runtime is too old: version 1.15 or newer is needed"

typedef struct {
    const char *name;
    int type; /* ONNX's number of it, which is ONNX Runtime's too */
    size_t rank;
    int64_t sizes[INTERFACE_AXES]; /* -1 where an axis is free */
} interface_port;

static const interface_port interface_inputs[] = {
    {"values", 1, 3, {-1, -1, 12}},
    {"lengths", 7, 1, {-1}},
};

static const interface_port interface_outputs[] = {
    {"label", 8, 1, {-1}},
    {"probabilities", 1, 2, {-1, 9}},
};

/* Whether something is of a port's type and shape, as far as it is known. */
static bool interface_fits(const interface_port *port, int type, size_t rank, const int64_t *sizes)
{
    bool fits = type == port->type && rank == port->rank;
    for (size_t k = 0; fits && k < rank; k++)
        fits = sizes[k] < 0 || port->sizes[k] < 0 || sizes[k] == port->sizes[k];
    return fits;
}

static OrtStatus *interface_other(const OrtApi *ort, const char *kind, const char *name)
{
    char why[256];
    snprintf(why, sizeof why, "%s %.120s is missing or of another type or shape: this program was made for another model",
             kind, name);
    return ort->CreateStatus(ORT_INVALID_GRAPH, why);
}

/* Whether the session's input or output of this number is the port. */
static OrtStatus *interface_is(const OrtApi *ort, const OrtSession *session, bool output, size_t place,
                               const interface_port *port, bool *same)
{
    OrtAllocator *allocator = NULL;
    OrtTypeInfo *value = NULL;
    const OrtTensorTypeAndShapeInfo *info = NULL;
    ONNXTensorElementDataType type = ONNX_TENSOR_ELEMENT_DATA_TYPE_UNDEFINED;
    int64_t sizes[INTERFACE_AXES] = {0};
    size_t rank = 0;
    char *name = NULL;
    *same = false;
    OrtStatus *status = ort->GetAllocatorWithDefaultOptions(&allocator);
    if (!status)
        status = output ? ort->SessionGetOutputName(session, place, allocator, &name)
                        : ort->SessionGetInputName(session, place, allocator, &name);
    const bool named = !status && !strcmp(name, port->name);
    if (name)
        allocator->Free(allocator, name);
    if (!named)
        return status;
    status = output ? ort->SessionGetOutputTypeInfo(session, place, &value)
                    : ort->SessionGetInputTypeInfo(session, place, &value);
    if (!status)
        status = ort->CastTypeInfoToTensorInfo(value, &info);
    if (!status && info)
        status = ort->GetTensorElementType(info, &type);
    if (!status && info)
        status = ort->GetDimensionsCount(info, &rank);
    if (!status && info && rank <= INTERFACE_AXES)
        status = ort->GetDimensions(info, sizes, rank);
    if (value)
        ort->ReleaseTypeInfo(value);
    *same = !status && interface_fits(port, (int)type, rank, sizes);
    return status;
}

/* NULL where the session is one of the model that this code was made for. */
static OrtStatus *interface_check(const OrtApi *ort, const OrtSession *session)
{
    for (int output = 0; output < 2; output++) {
        const interface_port *ports = output ? interface_outputs : interface_inputs;
        const size_t wanted = output ? 2 : 2;
        size_t count = 0;
        OrtStatus *status = output ? ort->SessionGetOutputCount(session, &count) : ort->SessionGetInputCount(session, &count);
        for (size_t k = 0; !status && k < wanted; k++) {
            bool same = false;
            for (size_t place = 0; !status && !same && place < count; place++)
                status = interface_is(ort, session, output != 0, place, &ports[k], &same);
            if (!status && !same)
                status = interface_other(ort, output ? "output" : "input", ports[k].name);
        }
        if (!status && !output && count != wanted)
            status = ort->CreateStatus(ORT_INVALID_GRAPH, "there are more inputs: this program was made for another model");
        if (status)
            return status;
    }
    return NULL;
}

/* Add what a session is to run on; what it does not take stays on the CPU. */
static OrtStatus *interface_provider(const OrtApi *ort, OrtSessionOptions *options, const char *provider)
{
    if (strcmp(provider, "CUDA"))
        return ort->SessionOptionsAppendExecutionProvider(options, provider, NULL, NULL, 0);
    OrtCUDAProviderOptionsV2 *cuda = NULL;
    /* TF32 is on unless one says so, and the answers then agree to 3 digits */
    const char *name = "use_tf32", *off = "0";
    OrtStatus *status = ort->CreateCUDAProviderOptions(&cuda);
    if (!status)
        status = ort->UpdateCUDAProviderOptions(cuda, &name, &off, 1);
    if (!status)
        status = ort->SessionOptionsAppendExecutionProvider_CUDA_V2(options, cuda);
    if (cuda)
        ort->ReleaseCUDAProviderOptions(cuda);
    return status;
}

/* Open a model from memory, and hold it to these inputs and outputs. 0 threads are one, the fastest for small models;
   `level` is none (-1), basic (1), extended (2) or all (0); `provider` is NULL for the CPU. */
static OrtStatus *interface_open(const OrtApi *ort, const void *content, size_t size, int threads, int level,
                                 const char *provider, OrtEnv **env, OrtSession **session)
{
    const GraphOptimizationLevel levels[] = {ORT_DISABLE_ALL, ORT_ENABLE_ALL, ORT_ENABLE_BASIC, ORT_ENABLE_EXTENDED};
    OrtSessionOptions *options = NULL;
    if (!content || !size || level < -1 || level > 2 || threads < 0)
        return ort->CreateStatus(ORT_INVALID_ARGUMENT, size ? "there is no such option" : "the model is empty");
    OrtStatus *status = ort->CreateEnv(ORT_LOGGING_LEVEL_FATAL, "lstm-onnx", env);
    if (!status)
        status = ort->CreateSessionOptions(&options);
    if (!status)
        status = ort->SetIntraOpNumThreads(options, threads ? threads : 1);
    if (!status)
        status = ort->SetSessionGraphOptimizationLevel(options, levels[level + 1]);
    if (!status && provider && *provider)
        status = interface_provider(ort, options, provider);
    if (!status)
        status = ort->CreateSessionFromArray(*env, content, size, options, session);
    if (!status)
        status = interface_check(ort, *session);
    if (options)
        ort->ReleaseSessionOptions(options);
    return status;
}

#endif
