#include "vowels.h"
#include "interface.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const vowels_class_labels[9] = {
    "1",
    "2",
    "3",
    "4",
    "5",
    "6",
    "7",
    "8",
    "9",
};

const vowels_score vowels_scores[6] = {
    {"accuracy", 0.972972972972973},
    {"balanced_accuracy", 0.9726132130136579},
    {"macro_f1", 0.9737687922124992},
    {"log_loss", 0.09482879445118517},
    {"auc", 0.999154421298664},
    {"ece", 0.008666842289873071},
};

static bool fail(vowels_model *model, const char *message)
{
    snprintf(model->error, sizeof model->error, "%s", message);
    model->error[strcspn(model->error, "\r\n")] = '\0';
    return false;
}

static bool check(vowels_model *model, OrtStatus *status)
{
    if (!status)
        return true;
    fail(model, model->ort->GetErrorMessage(status));
    model->ort->ReleaseStatus(status);
    return false;
}

/* Hold the length of an axis to what the model takes: ONNX Runtime ends the process where an LSTM gets no sequence. */
static bool in_range(vowels_model *model, const char *axis, size_t size, size_t least, size_t most)
{
    if (size >= least && size <= most)
        return true;
    snprintf(model->error, sizeof model->error, "axis '%.200s' has length %zu, and must have %zu at %s", axis, size,
             size < least ? least : most, size < least ? "least" : "most");
    return false;
}

/* A length beyond the end would be read there. */
static bool is_length(vowels_model *model, const char *input, int64_t length, size_t at, int64_t least, size_t most)
{
    if (length >= least && (uint64_t)length <= most)
        return true;
    snprintf(model->error, sizeof model->error, "input '%.200s': %lld at %zu, and a length must be from %lld to %zu", input,
             (long long)length, at, (long long)least, most);
    return false;
}

static bool read_file(vowels_model *model, const char *path, void **content, size_t *size)
{
    FILE *file = fopen(path, "rb");
    long length = file && !fseek(file, 0, SEEK_END) ? ftell(file) : -1;
    bool read = length > 0 && !fseek(file, 0, SEEK_SET) && (*content = malloc((size_t)length));
    read = read && fread(*content, 1, (size_t)length, file) == (size_t)length;
    if (file)
        fclose(file);
    *size = read ? (size_t)length : 0;
    if (read)
        return true;
    snprintf(model->error, sizeof model->error, "%.400s: cannot be read", path);
    return false;
}

bool vowels_open_memory(vowels_model *model, const void *content, size_t size, const vowels_options *options)
{
    static const vowels_options usual = {0, 0, NULL};
    if (!options)
        options = &usual;
    memset(model, 0, sizeof *model);
    model->ort = OrtGetApiBase()->GetApi(INTERFACE_API);
    if (!model->ort)
        return fail(model, INTERFACE_TOO_OLD);
    bool open = check(model, interface_open(model->ort, content, size, options->threads, options->optimisation,
                                            options->provider, &model->env, &model->session))
        && check(model, model->ort->CreateCpuMemoryInfo(OrtArenaAllocator, OrtMemTypeDefault, &model->memory));
    if (!open)
        vowels_close(model);
    return open;
}

bool vowels_open_with(vowels_model *model, const char *path, const vowels_options *options)
{
    void *content = NULL;
    size_t size = 0;
    memset(model, 0, sizeof *model);
    bool open = read_file(model, path, &content, &size);
    if (open && !(open = vowels_open_memory(model, content, size, options))) { /* ONNX Runtime's message does not name the file */
        char why[sizeof model->error];
        memcpy(why, model->error, sizeof why);
        snprintf(model->error, sizeof model->error, "%.200s: %.300s", path, why);
    }
    free(content);
    return open;
}

bool vowels_open(vowels_model *model, const char *path)
{
    return vowels_open_with(model, path, NULL);
}

void vowels_close(vowels_model *model)
{
    if (model->memory)
        model->ort->ReleaseMemoryInfo(model->memory);
    if (model->session)
        model->ort->ReleaseSession(model->session);
    if (model->env)
        model->ort->ReleaseEnv(model->env);
    model->memory = NULL;
    model->session = NULL;
    model->env = NULL;
}

/* A tensor over the caller's values, which are not copied. */
static OrtValue *tensor(vowels_model *model, const void *values, size_t size, const int64_t *shape, size_t rank,
                        ONNXTensorElementDataType type)
{
    static char nothing[1];
    size_t bytes = size;
    for (size_t k = 0; k < rank; k++)
        bytes *= (size_t)shape[k];
    OrtValue *made = NULL;
    check(model, model->ort->CreateTensorWithDataAsOrtValue(model->memory, bytes ? (void *)values : nothing, bytes,
                                                            shape, rank, type, &made));
    return made;
}

/* Hold an output to what it must be, and hand out its shape and values. */
static bool view(vowels_model *model, OrtValue *output, const interface_port *port, int64_t *shape, size_t *count,
                 const void **values)
{
    OrtTensorTypeAndShapeInfo *info = NULL;
    ONNXTensorElementDataType found_type;
    size_t rank;
    if (!check(model, model->ort->GetTensorTypeAndShape(output, &info)))
        return false;
    bool good = check(model, model->ort->GetTensorElementType(info, &found_type))
        && check(model, model->ort->GetDimensionsCount(info, &rank))
        && check(model, model->ort->GetTensorShapeElementCount(info, count))
        && (rank > port->rank || check(model, model->ort->GetDimensions(info, shape, rank)));
    if (good && !interface_fits(port, (int)found_type, rank, shape))
        good = check(model, interface_other(model->ort, "output", port->name));
    model->ort->ReleaseTensorTypeAndShapeInfo(info);
    if (good && found_type != ONNX_TENSOR_ELEMENT_DATA_TYPE_STRING)
        good = check(model, model->ort->GetTensorMutableData(output, (void **)values));
    return good;
}

/* Copy strings out, in one block: the pointers, then the text. */
static char **texts_of(vowels_model *model, OrtValue *output, size_t count)
{
    size_t bytes = 0, *offsets = malloc((count + 1) * sizeof *offsets);
    char **texts = NULL, *content = NULL;
    if (offsets && check(model, model->ort->GetStringTensorDataLength(output, &bytes))
        && (content = malloc(bytes + 1))
        && check(model, model->ort->GetStringTensorContent(output, content, bytes, offsets, count))
        && (texts = malloc((count + 1) * sizeof *texts + bytes + count))) {
        char *next = (char *)(texts + count + 1);
        offsets[count] = bytes;
        for (size_t i = 0; i < count; i++) {
            size_t length = offsets[i + 1] - offsets[i];
            texts[i] = memcpy(next, content + offsets[i], length);
            next[length] = '\0';
            next += length + 1;
        }
    }
    free(offsets);
    free(content);
    return texts;
}

bool vowels_classify(vowels_model *model, size_t batch_size, size_t time_size,
        const float *values, const int64_t *lengths,
        vowels_answer *answer)
{
    static const char *const input_names[] = {"values", "lengths"};
    static const char *const output_names[] = {"label", "probabilities"};
    enum { INPUTS = 2, OUTPUTS = 2 };
    OrtValue *inputs[INPUTS] = {NULL}, *outputs[OUTPUTS] = {NULL};
    memset(answer, 0, sizeof *answer);
    answer->ort = model->ort;
    if (!in_range(model, "batch", batch_size, 1, SIZE_MAX / 2))
        return false;
    if (!in_range(model, "time", time_size, 1, SIZE_MAX / 2))
        return false;
    for (size_t held = 0; held < batch_size; held++)
        if (!is_length(model, "lengths", (int64_t)lengths[held], held, 1, time_size))
            return false;

    const int64_t values_shape[] = {(int64_t)batch_size, (int64_t)time_size, 12};
    inputs[0] = tensor(model, values, sizeof *values, values_shape, 3, ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT);
    const int64_t lengths_shape[] = {(int64_t)batch_size};
    inputs[1] = tensor(model, lengths, sizeof *lengths, lengths_shape, 1, ONNX_TENSOR_ELEMENT_DATA_TYPE_INT64);
    bool good = true;
    for (size_t k = 0; k < INPUTS; k++)
        good = good && inputs[k];
    good = good && check(model, model->ort->Run(model->session, NULL, input_names, (const OrtValue *const *)inputs, INPUTS,
                                                output_names, OUTPUTS, outputs));
    if (inputs[0])
        model->ort->ReleaseValue(inputs[0]);
    if (inputs[1])
        model->ort->ReleaseValue(inputs[1]);
    if (!good)
        return false;

    answer->tensors[0] = outputs[0];
    answer->tensors[1] = outputs[1];
    const void *content = NULL;
    good = good && view(model, outputs[0], &interface_outputs[0],
                        answer->label_shape, &answer->label_count, &content);
    good = good && (answer->label = texts_of(model, outputs[0], answer->label_count));
    good = good && view(model, outputs[1], &interface_outputs[1],
                        answer->probabilities_shape, &answer->probabilities_count, &content);
    answer->probabilities = good ? content : NULL;
    if (!good)
        vowels_answer_free(answer);
    return good;
}

void vowels_answer_free(vowels_answer *answer)
{
    for (size_t k = 0; k < 2; k++)
        if (answer->tensors[k])
            answer->ort->ReleaseValue(answer->tensors[k]);
    free(answer->label);
    memset(answer, 0, sizeof *answer);
}
