{% from "c/types.j2" import ctype, parameters with context %}
/* {{ project.description | comment }}
 *
 *     {{ project.id }}_model model;
 *     if (!{{ project.id }}_open(&model, "model.onnx"))
 *         fprintf(stderr, "%s\n", model.error);
 *
 * Open the model once and use it for every call. It serves one thread at a time; a copy of the struct, one for each
 * thread, shares what is open (close one of them, at the end). Every function that gives false leaves one line in
 * model.error.
 */
#ifndef {{ project.id | upper }}_H
#define {{ project.id | upper }}_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <onnxruntime_c_api.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
    const OrtApi *ort;
    OrtEnv *env;
    OrtSession *session;
    OrtMemoryInfo *memory;
    char error[512];
} {{ project.id }}_model;

/* How to open a model; zeros are the best for small ones. */
typedef struct {
    int threads;          /* of one call; 0 for one */
    int optimisation;     /* of the graph: -1 none, 1 basic, 2 extended, 0 all */
    const char *provider; /* NULL for the CPU, or what this build of ONNX Runtime has: "CUDA", "CoreML", "XNNPACK" */
} {{ project.id }}_options;

/* The file that this was made from. */
#define {{ project.id | upper }}_NAME {{ project.name | c_string }}
#define {{ project.id | upper }}_CREATED {{ project.contract.provenance.created | c_string }}
#define {{ project.id | upper }}_SHA256 "{{ project.fingerprint }}"
{% if project.scores %}

/* How well it did on the test split, {{ project.scores[0][0] | comment }} first. */
typedef struct {
    const char *metric;
    double value;
} {{ project.id }}_score;
extern const {{ project.id }}_score {{ project.id }}_scores[{{ project.scores | length }}];
{% endif %}
{% for l in project.labels %}

/* {{ l.of | comment }} */
extern const char *const {{ project.id }}_{{ l.id }}[{{ l.names | length }}];
{% endfor %}

/* Values lie in row-major order; they are the answer's, until it is freed. */
typedef struct {
{% for port in project.answers %}
    /* {{ port.shape }}: {{ port.detail | comment }} */
    {{ "char **" if port.dtype == "string" else "const " ~ ctype[port.dtype] ~ " *" }}{{ port.id }};
    int64_t {{ port.id }}_shape[{{ port.dims | length or 1 }}];
    size_t {{ port.id }}_count;
{% endfor %}
    const OrtApi *ort;
    OrtValue *tensors[{{ project.answers | length }}];
} {{ project.id }}_answer;

{% if project.states %}
/* What one stream remembers. Begin with {{ '{' }}0}, one for each stream; answers are as good as in training after {{ project.context }} rows. */
typedef struct {
    const OrtApi *ort;
    OrtValue *tensors[{{ project.states | length }}]; /* {{ project.states | map("first") | map(attribute="name") | join(", ") }} */
} {{ project.id }}_state;

void {{ project.id }}_state_free({{ project.id }}_state *state);

/* Put values into a state, or look at them, by its number from 0: to keep a stream over a restart. */
bool {{ project.id }}_state_set({{ project.id }}_model *model, {{ project.id }}_state *state, size_t index, const void *values, const int64_t *shape);
bool {{ project.id }}_state_get({{ project.id }}_model *model, const {{ project.id }}_state *state, size_t index, const void **values, int64_t *shape, size_t *count);
{% endif %}

bool {{ project.id }}_open({{ project.id }}_model *model, const char *path);
bool {{ project.id }}_open_with({{ project.id }}_model *model, const char *path, const {{ project.id }}_options *options);
bool {{ project.id }}_open_memory({{ project.id }}_model *model, const void *content, size_t size, const {{ project.id }}_options *options);
void {{ project.id }}_close({{ project.id }}_model *model);

/* {{ project.description | comment }}
 *
{% for port in project.given %}
 *   {{ port.id }}: {{ port.dtype }} {{ port.shape }}: {{ port.detail | comment }}{{ "; NaN where missing" if port.missing and "NaN" not in port.detail }}
{% endfor %}
{% if project.states %}
 *   state: goes round from call to call
{% endif %}
 *   answer: free it with {{ project.id }}_answer_free
 */
bool {{ project.id }}_{{ project.verb }}({{ parameters(project) }});
void {{ project.id }}_answer_free({{ project.id }}_answer *answer);

#ifdef __cplusplus
}
#endif

#endif
