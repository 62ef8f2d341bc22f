{% from "c/types.j2" import count_in, ctype, parameters, shape_of, type_of with context %}
{% set id = project.id %}
#include "{{ id }}.h"
#include "interface.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

{% for l in project.labels %}
const char *const {{ id }}_{{ l.id }}[{{ l.names | length }}] = {
{% for name in l.names %}
    {{ name | c_string }},
{% endfor %}
};

{% endfor %}
{% if project.scores %}
const {{ id }}_score {{ id }}_scores[{{ project.scores | length }}] = {
{% for name, value in project.scores %}
    {{ '{' }}{{ name | c_string }}, {{ value }}},
{% endfor %}
};

{% endif %}
static bool fail({{ id }}_model *model, const char *message)
{
    snprintf(model->error, sizeof model->error, "%s", message);
    model->error[strcspn(model->error, "\r\n")] = '\0';
    return false;
}

static bool check({{ id }}_model *model, OrtStatus *status)
{
    if (!status)
        return true;
    fail(model, model->ort->GetErrorMessage(status));
    model->ort->ReleaseStatus(status);
    return false;
}

{% if project.free %}
/* Hold the length of an axis to what the model takes: ONNX Runtime ends the process where an LSTM gets no sequence. */
static bool in_range({{ id }}_model *model, const char *axis, size_t size, size_t least, size_t most)
{
    if (size >= least && size <= most)
        return true;
    snprintf(model->error, sizeof model->error, "axis '%.200s' has length %zu, and must have %zu at %s", axis, size,
             size < least ? least : most, size < least ? "least" : "most");
    return false;
}

{% endif %}
{% if project.given | selectattr("source", "equalto", "lengths") | list %}
/* A length beyond the end would be read there. */
static bool is_length({{ id }}_model *model, const char *input, int64_t length, size_t at, int64_t least, size_t most)
{
    if (length >= least && (uint64_t)length <= most)
        return true;
    snprintf(model->error, sizeof model->error, "input '%.200s': %lld at %zu, and a length must be from %lld to %zu", input,
             (long long)length, at, (long long)least, most);
    return false;
}

{% endif %}
static bool read_file({{ id }}_model *model, const char *path, void **content, size_t *size)
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

bool {{ id }}_open_memory({{ id }}_model *model, const void *content, size_t size, const {{ id }}_options *options)
{
    static const {{ id }}_options usual = {0, 0, NULL};
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
        {{ id }}_close(model);
    return open;
}

bool {{ id }}_open_with({{ id }}_model *model, const char *path, const {{ id }}_options *options)
{
    void *content = NULL;
    size_t size = 0;
    memset(model, 0, sizeof *model);
    bool open = read_file(model, path, &content, &size);
    if (open && !(open = {{ id }}_open_memory(model, content, size, options))) { /* ONNX Runtime's message does not name the file */
        char why[sizeof model->error];
        memcpy(why, model->error, sizeof why);
        snprintf(model->error, sizeof model->error, "%.200s: %.300s", path, why);
    }
    free(content);
    return open;
}

bool {{ id }}_open({{ id }}_model *model, const char *path)
{
    return {{ id }}_open_with(model, path, NULL);
}

void {{ id }}_close({{ id }}_model *model)
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

{% if project.given | rejectattr("dtype", "equalto", "string") | list %}
/* A tensor over the caller's values, which are not copied. */
static OrtValue *tensor({{ id }}_model *model, const void *values, size_t size, const int64_t *shape, size_t rank,
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

{% endif %}
{% if project.given | selectattr("dtype", "equalto", "string") | list %}
static OrtValue *text_tensor({{ id }}_model *model, const char *const *texts, const int64_t *shape, size_t rank)
{
    size_t count = 1;
    for (size_t k = 0; k < rank; k++)
        count *= (size_t)shape[k];
    OrtAllocator *allocator = NULL;
    OrtValue *made = NULL;
    if (check(model, model->ort->GetAllocatorWithDefaultOptions(&allocator))
        && check(model, model->ort->CreateTensorAsOrtValue(allocator, shape, rank,
                                                           ONNX_TENSOR_ELEMENT_DATA_TYPE_STRING, &made))
        && check(model, model->ort->FillStringTensor(made, texts, count)))
        return made;
    if (made)
        model->ort->ReleaseValue(made);
    return NULL;
}

{% endif %}
/* Hold an output to what it must be, and hand out its shape and values. */
static bool view({{ id }}_model *model, OrtValue *output, const interface_port *port, int64_t *shape, size_t *count,
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

{% if project.states %}
/* A state before the first call. */
static OrtValue *reset_state({{ id }}_model *model, double value, const int64_t *shape, size_t rank,
                             ONNXTensorElementDataType type)
{
    size_t count = 1;
    for (size_t k = 0; k < rank; k++)
        count *= (size_t)shape[k];
    OrtAllocator *allocator = NULL;
    OrtValue *made = NULL;
    void *values = NULL;
    if (!check(model, model->ort->GetAllocatorWithDefaultOptions(&allocator))
        || !check(model, model->ort->CreateTensorAsOrtValue(allocator, shape, rank, type, &made))
        || !check(model, model->ort->GetTensorMutableData(made, &values))) {
        if (made)
            model->ort->ReleaseValue(made);
        return NULL;
    }
    for (size_t i = 0; i < count; i++)
        switch ((int)type) {
{% for dtype in project.states | map("first") | map(attribute="dtype") | unique %}
{% if dtype not in ("float16", "string") %}
        case ONNX_TENSOR_ELEMENT_DATA_TYPE_{{ {"float32": "FLOAT", "float64": "DOUBLE", "int64": "INT64", "int32": "INT32", "uint8": "UINT8", "bool": "BOOL"}[dtype] }}:
            (({{ ctype[dtype] }} *)values)[i] = ({{ ctype[dtype] }})value;
            break;
{% endif %}
{% endfor %}
        }
    return made;
}

static bool state_is({{ id }}_model *model, size_t index)
{
    return index < {{ project.states | length }} || fail(model, "there is no such state");
}

bool {{ id }}_state_set({{ id }}_model *model, {{ id }}_state *state, size_t index, const void *values, const int64_t *shape)
{
    static const size_t places[] = {{ '{' }}{{ project.states | map("first") | map(attribute="position") | join(", ") }}};
    static const size_t sizes[] = {{ '{' }}{% for before, after in project.states %}sizeof({{ ctype[before.dtype] }}){{ ", " if not loop.last }}{% endfor %}};
    if (!state_is(model, index))
        return false;
    const interface_port *port = &interface_inputs[places[index]];
    OrtAllocator *allocator = NULL;
    OrtValue *made = NULL;
    void *room = NULL;
    size_t bytes = sizes[index];
    for (size_t k = 0; k < port->rank; k++) {
        if (shape[k] < 1 || (port->sizes[k] >= 0 && shape[k] != port->sizes[k]))
            return fail(model, "the state is of another shape");
        bytes *= (size_t)shape[k];
    }
    if (!check(model, model->ort->GetAllocatorWithDefaultOptions(&allocator))
        || !check(model, model->ort->CreateTensorAsOrtValue(allocator, shape, port->rank,
                                                            (ONNXTensorElementDataType)port->type, &made))
        || !check(model, model->ort->GetTensorMutableData(made, &room))) {
        if (made)
            model->ort->ReleaseValue(made);
        return false;
    }
    memcpy(room, values, bytes);
    if (state->tensors[index])
        model->ort->ReleaseValue(state->tensors[index]);
    state->tensors[index] = made;
    state->ort = model->ort;
    return true;
}

bool {{ id }}_state_get({{ id }}_model *model, const {{ id }}_state *state, size_t index, const void **values, int64_t *shape,
{{ " " * (id | length) }}                    size_t *count)
{
    static const size_t places[] = {{ '{' }}{% for before, after in project.states %}{{ after.position }}{{ ", " if not loop.last }}{% endfor %}};
    if (!state_is(model, index))
        return false;
    if (!state->tensors[index])
        return fail(model, "the stream has not begun");
    return view(model, state->tensors[index], &interface_outputs[places[index]], shape, count, values);
}

void {{ id }}_state_free({{ id }}_state *state)
{
    for (size_t k = 0; k < {{ project.states | length }}; k++)
        if (state->tensors[k])
            state->ort->ReleaseValue(state->tensors[k]);
    memset(state, 0, sizeof *state);
}

{% endif %}
{% if project.answers | selectattr("dtype", "equalto", "string") | list %}
/* Copy strings out, in one block: the pointers, then the text. */
static char **texts_of({{ id }}_model *model, OrtValue *output, size_t count)
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

{% endif %}
bool {{ id }}_{{ project.verb }}({{ parameters(project) }})
{
    static const char *const input_names[] = {
{%- for port in project.inputs %}{{ port.name | c_string }}{{ ", " if not loop.last }}{% endfor %}};
    static const char *const output_names[] = {
{%- for port in project.outputs %}{{ port.name | c_string }}{{ ", " if not loop.last }}{% endfor %}};
    enum { INPUTS = {{ project.inputs | length }}, OUTPUTS = {{ project.outputs | length }} };
    OrtValue *inputs[INPUTS] = {NULL}, *outputs[OUTPUTS] = {NULL};
    memset(answer, 0, sizeof *answer);
    answer->ort = model->ort;
{% if project.states %}
    state->ort = model->ort;
{% endif %}
{% for dim in project.free %}
    if (!in_range(model, {{ dim.name | c_string }}, {{ dim.param }}, {{ dim.min }}, {{ dim.max if dim.max is not none else "SIZE_MAX / 2" }}))
        return false;
{% endfor %}
{% for port in project.given if port.source == "lengths" %}
    for (size_t held = 0; held < {{ count_in(port) }}; held++)
        if (!is_length(model, {{ port.name | c_string }}, (int64_t){{ port.id }}[held], held, {{ port.shortest }}, {{ (port.counts.size or port.counts.param) if port.counts else "SIZE_MAX / 2" }}))
            return false;
{% endfor %}

{% for port in project.inputs %}
    const int64_t {{ port.id }}_shape[] = {{ '{' }}{{ shape_of(port) or "0" }}};
{% if port.source == "state" %}
    if (!state->tensors[{{ port.state }}])
        state->tensors[{{ port.state }}] = reset_state(model, {{ port.reset }}, {{ port.id }}_shape, {{ port.dims | length }}, {{ type_of(port) }});
    inputs[{{ loop.index0 }}] = state->tensors[{{ port.state }}];
{% elif port.dtype == "string" %}
    inputs[{{ loop.index0 }}] = text_tensor(model, {{ port.id }}, {{ port.id }}_shape, {{ port.dims | length }});
{% else %}
    inputs[{{ loop.index0 }}] = tensor(model, {{ port.id }}, sizeof *{{ port.id }}, {{ port.id }}_shape, {{ port.dims | length }}, {{ type_of(port) }});
{% endif %}
{% endfor %}
    bool good = true;
    for (size_t k = 0; k < INPUTS; k++)
        good = good && inputs[k];
    good = good && check(model, model->ort->Run(model->session, NULL, input_names, (const OrtValue *const *)inputs, INPUTS,
                                                output_names, OUTPUTS, outputs));
{% for port in project.inputs if port.source != "state" %}
    if (inputs[{{ port.position }}])
        model->ort->ReleaseValue(inputs[{{ port.position }}]);
{% endfor %}
    if (!good)
        return false;

{% for port in project.answers %}
    answer->tensors[{{ loop.index0 }}] = outputs[{{ port.position }}];
{% endfor %}
{% for before, after in project.states %}
    model->ort->ReleaseValue(state->tensors[{{ loop.index0 }}]);
    state->tensors[{{ loop.index0 }}] = outputs[{{ after.position }}];
{% endfor %}
    const void *content = NULL;
{% for port in project.answers %}
    good = good && view(model, outputs[{{ port.position }}], &interface_outputs[{{ port.position }}],
                        answer->{{ port.id }}_shape, &answer->{{ port.id }}_count, &content);
{% if port.dtype == "string" %}
    good = good && (answer->{{ port.id }} = texts_of(model, outputs[{{ port.position }}], answer->{{ port.id }}_count));
{% else %}
    answer->{{ port.id }} = good ? content : NULL;
{% endif %}
{% endfor %}
    if (!good)
        {{ id }}_answer_free(answer);
    return good;
}

void {{ id }}_answer_free({{ id }}_answer *answer)
{
    for (size_t k = 0; k < {{ project.answers | length }}; k++)
        if (answer->tensors[k])
            answer->ort->ReleaseValue(answer->tensors[k]);
{% for port in project.answers if port.dtype == "string" %}
    free(answer->{{ port.id }});
{% endfor %}
    memset(answer, 0, sizeof *answer);
}
