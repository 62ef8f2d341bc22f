#include "self_test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "golden.h"

/* Call the function with the inputs of a golden example. */
static bool call(vowels_model *model, const golden_example *example, vowels_answer *answer)
{
    snprintf(model->error, sizeof model->error, "a golden example does not fit");
    const golden_tensor *values = golden_find(example, 0, "values", ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT, 3);
    const golden_tensor *lengths = golden_find(example, 0, "lengths", ONNX_TENSOR_ELEMENT_DATA_TYPE_INT64, 1);
    if (!values || !lengths)
        return false;
    if (values->shape[2] != 12)
        return false;
    size_t batch_size = 0;
    size_t time_size = 0;
    batch_size = (size_t)values->shape[0];
    time_size = (size_t)values->shape[1];
    batch_size = (size_t)lengths->shape[0];
    return vowels_classify(model, batch_size, time_size, values->values, lengths->values, answer);
}

static bool example_passes(vowels_model *model, const golden_file *golden, uint32_t number)
{
    const golden_example *example = &golden->examples[number];
    vowels_answer answer = {0};
    double largest = 0;
    bool good = call(model, example, &answer);
    if (!good)
        printf("  %s\n", model->error);
    good = good && golden_agrees(golden, example, "label", ONNX_TENSOR_ELEMENT_DATA_TYPE_STRING, 1, answer.label_shape,
                                 answer.label, &largest);
    good = good && golden_agrees(golden, example, "probabilities", ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT, 2, answer.probabilities_shape,
                                 answer.probabilities, &largest);
    vowels_answer_free(&answer);
    printf("example %u: %s, largest difference %.2g\n", number + 1, good ? "ok" : "FAILED", largest);
    return good;
}

int self_test(vowels_model *model, const char *golden_path)
{
    golden_file golden;
    if (!golden_read(&golden, golden_path))
        return 2;
    uint32_t passed = 0, count = golden.count;
    for (uint32_t i = 0; i < count; i++)
        passed += example_passes(model, &golden, i);
    golden_free(&golden);
    printf("self-test %s: %u of %u examples\n", passed == count ? "passed" : "FAILED", passed, count);
    return passed == count ? 0 : 1;
}

static double now(void)
{
    struct timespec time;
    timespec_get(&time, TIME_UTC);
    return (double)time.tv_sec * 1e6 + (double)time.tv_nsec / 1e3;
}

static int by_size(const void *a, const void *b)
{
    double difference = *(const double *)a - *(const double *)b;
    return (difference > 0) - (difference < 0);
}

int bench(vowels_model *model, const char *golden_path)
{
    enum { WARM = 100, CALLS = 1000 };
    static double taken[CALLS];
    golden_file golden;
    if (!golden_read(&golden, golden_path))
        return 2;
    bool good = true;
    for (int i = -WARM; good && i < CALLS; i++) {
        vowels_answer answer = {0};
        double start = now();
        good = call(model, &golden.examples[0], &answer);
        if (i >= 0)
            taken[i] = now() - start;
        vowels_answer_free(&answer);
    }
    golden_free(&golden);
    if (!good) {
        fprintf(stderr, "%s\n", model->error);
        return 1;
    }
    qsort(taken, CALLS, sizeof *taken, by_size);
    printf("bench: median %.1f us a call of %d\n", taken[CALLS / 2], CALLS);
    return 0;
}
