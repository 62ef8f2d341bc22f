/* Classifies sequences of cepstrum 1, cepstrum 2, cepstrum 3, cepstrum 4, cepstrum 5, cepstrum 6, cepstrum 7, cepstrum 8 and more as one of 1, 2, 3, 4, 5, 6 and 3 more.
 *
 *     vowels --self-test
 *     vowels < example.csv      a table in, the answer as CSV out
 *
 * Exit status: 0, 1 where the self-test fails, 2 for input that cannot be used.
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vowels.h"
#include "self_test.h"
#include "table.h"

static void print_number(double value, int digits)
{
    if (!isnan(value)) /* a missing value is an empty cell */
        printf("%.*g", digits, value);
}

static void print_text(const char *text)
{
    if (!strpbrk(text, ",\"\r\n")) {
        fputs(text, stdout);
        return;
    }
    putchar('"');
    for (; *text; text++) {
        if (*text == '"')
            putchar('"');
        putchar(*text);
    }
    putchar('"');
}

static void print_header(void)
{
    fputs( "label," "probabilities 1," "probabilities 2," "probabilities 3," "probabilities 4," "probabilities 5," "probabilities 6," "probabilities 7," "probabilities 8," "probabilities 9" "\n",
          stdout);
}

/* One line for each example. */
static void print_answer(const vowels_answer *answer)
{
    const size_t rows = 1;
    for (size_t row = 0; row < rows; row++) {
        print_text(answer->label[0]);
        putchar(',');
        print_number(answer->probabilities[0], 9);
        putchar(',');
        print_number(answer->probabilities[1], 9);
        putchar(',');
        print_number(answer->probabilities[2], 9);
        putchar(',');
        print_number(answer->probabilities[3], 9);
        putchar(',');
        print_number(answer->probabilities[4], 9);
        putchar(',');
        print_number(answer->probabilities[5], 9);
        putchar(',');
        print_number(answer->probabilities[6], 9);
        putchar(',');
        print_number(answer->probabilities[7], 9);
        putchar(',');
        print_number(answer->probabilities[8], 9);
        putchar('\n');
    }
    fflush(stdout);
}

enum { COLUMNS = 12 };
static const char *const columns[] = {"cepstrum 1", "cepstrum 2", "cepstrum 3", "cepstrum 4", "cepstrum 5", "cepstrum 6", "cepstrum 7", "cepstrum 8", "cepstrum 9", "cepstrum 10", "cepstrum 11", "cepstrum 12"};

typedef struct {
    double cells[COLUMNS]; /* NaN where missing */
} row;

typedef struct {
    row *rows;
    size_t count, room;
} series;

static bool add(series *series, row row)
{
    if (series->count == series->room) {
        size_t room = 2 * series->room + 64;
        void *larger = realloc(series->rows, room * sizeof row);
        if (!larger) {
            fprintf(stderr, "out of memory\n");
            return false;
        }
        series->rows = larger;
        series->room = room;
    }
    series->rows[series->count++] = row;
    return true;
}

/* Read a row's cells; says which cannot be used. */
static bool read_row(const table *table, const size_t *places, row *row)
{
    static const bool may_be_missing[] = {true, true, true, true, true, true, true, true, true, true, true, true};
    for (size_t k = 0; k < COLUMNS; k++) {
        const char *cell = table->cells[places[k + 0]], *name = columns[k + 0];
        if (!table_number(cell, &row->cells[k])) {
            fprintf(stderr, "line %zu: column '%s': '%s' is not a number; leave the cell empty where it is missing\n",
                    table->number, name, cell);
            return false;
        }
        if (!may_be_missing[k] && !isfinite(row->cells[k])) {
            fprintf(stderr, "line %zu: column '%s': '%s' is no finite number, which this model needs\n", table->number,
                    name, cell);
            return false;
        }
    }
    return true;
}

/* What a call takes: the `length` rows that end at row `origin`, as arrays. */
static bool answer_for(vowels_model *model, const series *series, size_t origin, size_t length)
{
    const row *last = &series->rows[origin];
    float *values_ = malloc(length * 12 * sizeof *values_);
    int64_t lengths_[] = {(int64_t)length};
    bool good = values_;
    static const size_t values_places[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}; /* cepstrum 1, cepstrum 2, cepstrum 3, cepstrum 4, cepstrum 5, cepstrum 6, cepstrum 7, cepstrum 8, cepstrum 9, cepstrum 10, cepstrum 11, cepstrum 12 */
    for (size_t i = 0; good && i < length; i++)
        for (size_t k = 0; k < 12; k++) {
            double cell = origin + 1 + i < length ? NAN : last[(ptrdiff_t)(i + 1) - (ptrdiff_t)length].cells[values_places[k]];
            values_[i * 12 + k] = (float)cell;
        }
    vowels_answer answer = {0};
    if (good && !(good = vowels_classify(model, 1, length, values_, lengths_, &answer)))
        fprintf(stderr, "%s\n", model->error);
    if (good) {
        print_header();
        print_answer(&answer);
    }
    vowels_answer_free(&answer);
    free(values_);
    return good;
}

/* Read the whole table, and answer for the sequence. */
static bool answer_table(vowels_model *model, table *table, const size_t *places, series *series)
{
    int found;
    while ((found = table_row(table)) == 1) {
        row now;
        if (!read_row(table, places, &now) || !add(series, now))
            return false;
    }
    if (found < 0)
        return false;
    size_t count = series->count;
    if (count < 1) {
        fprintf(stderr, "the model needs 1 rows at least, and there are %zu\n", count);
        return false;
    }
    size_t length = count;
    return answer_for(model, series, count - 1, length);
}

static int answer_input(vowels_model *model)
{
    table table;
    series series = {0};
    size_t places[COLUMNS + 1];
    bool good = table_header(&table, stdin, columns, sizeof columns / sizeof *columns, places);
    good = good && answer_table(model, &table, places, &series);
    table_free(&table);
    free(series.rows);
    return good ? 0 : 2;
}

static int usage(void)
{
    fprintf(stderr, "usage: vowels [--model FILE] [--golden FILE] [--self-test | --bench]  < INPUT\n");
    return 2;
}

int main(int count, char **arguments)
{
    const char *path = "model.onnx", *golden = "golden.bin";
    bool test = false, timed = false;
    for (int i = 1; i < count; i++) {
        if (!strcmp(arguments[i], "--self-test"))
            test = true;
        else if (!strcmp(arguments[i], "--bench"))
            timed = true;
        else if (!strcmp(arguments[i], "--model") && i + 1 < count)
            path = arguments[++i];
        else if (!strcmp(arguments[i], "--golden") && i + 1 < count)
            golden = arguments[++i];
        else
            return usage();
    }
    vowels_model model;
    if (!vowels_open(&model, path)) {
        fprintf(stderr, "%s\n", model.error);
        return 2;
    }
    int status = test ? self_test(&model, golden) : timed ? bench(&model, golden) : answer_input(&model);
    vowels_close(&model);
    return status;
}
