/* Golden examples: inputs, and the outputs that every runtime must give for them. See golden.c for the file's format. */
#ifndef GOLDEN_H
#define GOLDEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
    char *name;
    uint32_t role; /* 0 an input, 1 an output */
    uint32_t type; /* ONNX's number, which is ONNX Runtime's ONNXTensorElementDataType */
    uint32_t rank;
    int64_t shape[8];
    size_t count;
    void *values; /* strings: char ** */
} golden_tensor;

typedef struct {
    uint32_t count;
    golden_tensor *tensors;
} golden_example;

typedef struct {
    double rtol, atol;
    uint32_t count;
    golden_example *examples;
} golden_file;

bool golden_read(golden_file *golden, const char *path);
void golden_free(golden_file *golden);

/* The tensor of that name, type and rank; NULL and a line on stderr where there is none. */
const golden_tensor *golden_find(const golden_example *example, uint32_t role, const char *name, uint32_t type,
                                 uint32_t rank);

/* Compare an output with the tensor of that name; says where it is wrong. Raises *largest to the largest difference. */
bool golden_agrees(const golden_file *golden, const golden_example *example, const char *name, uint32_t type,
                   uint32_t rank, const int64_t *shape, const void *values, double *largest);

#ifdef __cplusplus
}
#endif

#endif
