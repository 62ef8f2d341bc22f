/* Reads golden.bin and compares. Little-endian throughout; a text is a u32 and that many bytes of UTF-8:
 *
 *   "LSTMGOLD", u32 version 1, f64 rtol, f64 atol, u32 examples; for each: u32 tensors; for each:
 *   u32 role, text name, u32 ONNX type, u32 rank, rank times u32, u32 bytes, values (strings as texts)
 */
#include "golden.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { FLOAT = 1, UINT8 = 2, INT32 = 6, INT64 = 7, STRING = 8, BOOL = 9, FLOAT16 = 10, DOUBLE = 11 };

static size_t size_of(uint32_t type)
{
    switch (type) {
    case UINT8:
    case BOOL:
        return 1;
    case FLOAT16:
        return 2;
    case FLOAT:
    case INT32:
        return 4;
    case INT64:
    case DOUBLE:
        return 8;
    default:
        return 0;
    }
}

static bool read_u32(FILE *file, uint32_t *value)
{
    unsigned char b[4];
    if (fread(b, 1, 4, file) != 4)
        return false;
    *value = (uint32_t)b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24;
    return true;
}

static char *read_text(FILE *file)
{
    uint32_t length;
    char *text = read_u32(file, &length) && length < 1 << 28 ? calloc(length + 1u, 1) : NULL;
    if (text && fread(text, 1, length, file) != length) {
        free(text);
        return NULL;
    }
    return text;
}

static bool read_tensor(FILE *file, golden_tensor *tensor)
{
    uint32_t bytes, size;
    if (!read_u32(file, &tensor->role) || !(tensor->name = read_text(file)) || !read_u32(file, &tensor->type)
        || !read_u32(file, &tensor->rank) || tensor->rank > 8)
        return false;
    size_t count = 1;
    for (uint32_t k = 0; k < tensor->rank; k++) {
        if (!read_u32(file, &size))
            return false;
        tensor->shape[k] = size;
        count *= size;
    }
    if (!read_u32(file, &bytes) || count > bytes || bytes > 1u << 30)
        return false;
    if (tensor->type != STRING) {
        tensor->count = count;
        tensor->values = malloc(bytes + 1u);
        return tensor->values && count * size_of(tensor->type) == bytes && fread(tensor->values, 1, bytes, file) == bytes;
    }
    char **texts = tensor->values = calloc(count + 1, sizeof *texts);
    for (; texts && tensor->count < count; tensor->count++)
        if (!(texts[tensor->count] = read_text(file)))
            return false;
    return texts;
}

static bool read_all(FILE *file, golden_file *golden)
{
    char magic[8];
    uint32_t version, count;
    if (fread(magic, 1, 8, file) != 8 || memcmp(magic, "LSTMGOLD", 8) || !read_u32(file, &version) || version != 1
        || fread(&golden->rtol, 8, 1, file) != 1 || fread(&golden->atol, 8, 1, file) != 1 || !read_u32(file, &count)
        || count > 1000 || !(golden->examples = calloc(count + 1u, sizeof *golden->examples)))
        return false;
    for (; golden->count < count; golden->count++) {
        golden_example *example = &golden->examples[golden->count];
        uint32_t tensors;
        if (!read_u32(file, &tensors) || tensors > 1000
            || !(example->tensors = calloc(tensors + 1u, sizeof *example->tensors)))
            return false;
        for (example->count = 0; example->count < tensors;)
            if (!read_tensor(file, &example->tensors[example->count++]))
                return false;
    }
    return golden->count > 0;
}

bool golden_read(golden_file *golden, const char *path)
{
    memset(golden, 0, sizeof *golden);
    FILE *file = fopen(path, "rb");
    bool read = file && read_all(file, golden);
    if (file)
        fclose(file);
    if (!read)
        fprintf(stderr, "%s: %s\n", path, file ? "is no file of golden examples, or a part of one" : "cannot be read");
    if (!read && golden->examples)
        golden->count++; /* the example that is half read is freed too */
    if (!read)
        golden_free(golden);
    return read;
}

void golden_free(golden_file *golden)
{
    for (uint32_t i = 0; golden->examples && i < golden->count; i++) {
        golden_example *example = &golden->examples[i];
        for (uint32_t k = 0; example->tensors && k < example->count; k++) {
            golden_tensor *tensor = &example->tensors[k];
            for (size_t n = 0; tensor->type == STRING && tensor->values && n < tensor->count; n++)
                free(((char **)tensor->values)[n]);
            free(tensor->values);
            free(tensor->name);
        }
        free(example->tensors);
    }
    free(golden->examples);
    memset(golden, 0, sizeof *golden);
}

const golden_tensor *golden_find(const golden_example *example, uint32_t role, const char *name, uint32_t type,
                                 uint32_t rank)
{
    for (uint32_t k = 0; k < example->count; k++) {
        const golden_tensor *tensor = &example->tensors[k];
        if (tensor->role == role && !strcmp(tensor->name, name)) {
            if (tensor->type == type && tensor->rank == rank)
                return tensor;
            fprintf(stderr, "the golden %s is of another type or shape than the model's\n", name);
            return NULL;
        }
    }
    fprintf(stderr, "the golden examples have no %s\n", name);
    return NULL;
}

static double half(uint16_t bits)
{
    int exponent = bits >> 10 & 31, fraction = bits & 1023;
    double size = exponent == 31 ? (fraction ? NAN : INFINITY)
        : exponent               ? ldexp(1024 + fraction, exponent - 25)
                                 : ldexp(fraction, -24);
    return bits >> 15 ? -size : size;
}

static double number(uint32_t type, const void *values, size_t i)
{
    switch (type) {
    case FLOAT:
        return (double)((const float *)values)[i];
    case DOUBLE:
        return ((const double *)values)[i];
    case FLOAT16:
        return half(((const uint16_t *)values)[i]);
    default:
        return 0;
    }
}

static bool same(uint32_t type, const void *got, const void *wanted, size_t i)
{
    if (type == STRING)
        return !strcmp(((char *const *)got)[i], ((char *const *)wanted)[i]);
    size_t size = size_of(type);
    return !memcmp((const char *)got + i * size, (const char *)wanted + i * size, size);
}

static bool wrong(const char *name, size_t i, double got, double wanted)
{
    printf("  %s[%zu] is %.9g instead of %.9g\n", name, i, got, wanted);
    return false;
}

bool golden_agrees(const golden_file *golden, const golden_example *example, const char *name, uint32_t type,
                   uint32_t rank, const int64_t *shape, const void *values, double *largest)
{
    const golden_tensor *wanted = golden_find(example, 1, name, type, rank);
    if (!wanted)
        return false;
    for (uint32_t k = 0; k < rank; k++)
        if (shape[k] != wanted->shape[k]) {
            printf("  %s has %lld places along axis %u instead of %lld\n", name, (long long)shape[k], k,
                   (long long)wanted->shape[k]);
            return false;
        }
    if (type != FLOAT && type != DOUBLE && type != FLOAT16) {
        for (size_t i = 0; i < wanted->count; i++)
            if (!same(type, values, wanted->values, i)) {
                printf("  %s[%zu] is not what it must be\n", name, i);
                return false;
            }
        return true;
    }
    size_t rows = rank && wanted->shape[0] ? (size_t)wanted->shape[0] : 1, width = wanted->count / rows;
    for (size_t row = 0; row < rows; row++) {
        double scale = 0;
        for (size_t i = row * width; i < (row + 1) * width; i++) {
            double size = fabs(number(type, wanted->values, i));
            if (isfinite(size) && size > scale)
                scale = size;
        }
        for (size_t i = row * width; i < (row + 1) * width; i++) {
            double a = number(type, values, i), b = number(type, wanted->values, i);
            if (a == b || (isnan(a) && isnan(b)))
                continue;
            if (!(fabs(a - b) <= golden->atol + golden->rtol * scale))
                return wrong(name, i, a, b);
            if (fabs(a - b) > *largest)
                *largest = fabs(a - b);
        }
    }
    return true;
}
