/* Classifies sequences of cepstrum 1, cepstrum 2, cepstrum 3, cepstrum 4, cepstrum 5, cepstrum 6, cepstrum 7, cepstrum 8 and more as one of 1, 2, 3, 4, 5, 6 and 3 more.
 *
 *     vowels_model model;
 *     if (!vowels_open(&model, "model.onnx"))
 *         fprintf(stderr, "%s\n", model.error);
 *
 * Open the model once and use it for every call. It serves one thread at a time; a copy of the struct, one for each
 * thread, shares what is open (close one of them, at the end). Every function that gives false leaves one line in
 * model.error.
 */
#ifndef VOWELS_H
#define VOWELS_H

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
} vowels_model;

/* How to open a model; zeros are the best for small ones. */
typedef struct {
    int threads;          /* of one call; 0 for one */
    int optimisation;     /* of the graph: -1 none, 1 basic, 2 extended, 0 all */
    const char *provider; /* NULL for the CPU, or what this build of ONNX Runtime has: "CUDA", "CoreML", "XNNPACK" */
} vowels_options;

/* The file that this was made from. */
#define VOWELS_NAME "vowels"
#define VOWELS_CREATED "2026-11-23T17:47:47.498409+00:00"
#define VOWELS_SHA256 "032f11715ec91a5c708106b440e1661b132216445cfb2f055c9ed03fd6a7afc8"

/* How well it did on the test split, accuracy first. */
typedef struct {
    const char *metric;
    double value;
} vowels_score;
extern const vowels_score vowels_scores[6];

/* places of the axis class */
extern const char *const vowels_class_labels[9];

/* Values lie in row-major order; they are the answer's, until it is freed. */
typedef struct {
    /* (batch): the likeliest class */
    char **label;
    int64_t label_shape[1];
    size_t label_count;
    /* (batch, class = 9): probability of each class, calibrated on validation data if there was any; class: 1, 2, 3, 4, 5, 6, 7, 8, … */
    const float *probabilities;
    int64_t probabilities_shape[2];
    size_t probabilities_count;
    const OrtApi *ort;
    OrtValue *tensors[2];
} vowels_answer;


bool vowels_open(vowels_model *model, const char *path);
bool vowels_open_with(vowels_model *model, const char *path, const vowels_options *options);
bool vowels_open_memory(vowels_model *model, const void *content, size_t size, const vowels_options *options);
void vowels_close(vowels_model *model);

/* Classifies sequences of cepstrum 1, cepstrum 2, cepstrum 3, cepstrum 4, cepstrum 5, cepstrum 6, cepstrum 7, cepstrum 8 and more as one of 1, 2, 3, 4, 5, 6 and 3 more.
 *
 *   values: float32 (batch, time, channel = 12): each step of a sequence, in the units of the data; missing where NaN or infinite; channel: cepstrum 1, cepstrum 2, cepstrum 3, cepstrum 4, cepstrum 5, cepstrum 6, cepstrum 7, cepstrum 8, …
 *   lengths: int64 (batch): steps of each sequence
 *   answer: free it with vowels_answer_free
 */
bool vowels_classify(vowels_model *model, size_t batch_size, size_t time_size,
        const float *values, const int64_t *lengths,
        vowels_answer *answer);
void vowels_answer_free(vowels_answer *answer);

#ifdef __cplusplus
}
#endif

#endif
