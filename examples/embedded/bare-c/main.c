/* Forecasts vehicles 24 steps of 1h ahead from the last 168 steps.
 *
 * The program for a system with files and a console; a microcontroller takes traffic_streaming.c, and self_test.c to try it.
 *
 *     traffic_streaming --self-test
 *     traffic_streaming < example.csv      a table in, an answer for each row as CSV out
 *
 * Exit status: 0, 1 where the self-test fails, 2 for input that cannot be used.
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "traffic_streaming.h"
#include "self_test.h"
#include "table.h"

static void print_number(double value, int digits)
{
    if (!isnan(value)) /* a missing value is an empty cell */
        printf("%.*g", digits, value);
}

static void print_header(void)
{
    fputs("at," "time," "vehicles," "vehicles q0.1," "vehicles q0.5," "vehicles q0.9" "\n",
          stdout);
}

/* One line for each time ahead. */
static void print_answer(const traffic_streaming_answer *answer, const char *at)
{
    const size_t rows = 24;
    for (size_t row = 0; row < rows; row++) {
        printf("%s,", at);
        char stamp[64];
        table_stamp(answer->forecast_time[row], stamp);
        printf("%s,", stamp);
        print_number(answer->forecast[row * 1 + 0], 9);
        putchar(',');
        print_number(((const float *)answer->quantiles)[row * 3 + 0], 9);
        putchar(',');
        print_number(((const float *)answer->quantiles)[row * 3 + 1], 9);
        putchar(',');
        print_number(((const float *)answer->quantiles)[row * 3 + 2], 9);
        putchar('\n');
    }
    fflush(stdout);
}

enum { COLUMNS = 3 };
static const char *const columns[] = {"time", "vehicles", "temperature", "clouds"};

typedef struct {
    int64_t time;
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
    static const bool may_be_missing[] = {true, true, true};
    if (!table_time(table->cells[places[0]], &row->time)) {
        fprintf(stderr, "line %zu: column '%s': '%s' is no time; write it as 2020-01-31 13:00\n", table->number, columns[0],
                table->cells[places[0]]);
        return false;
    }
    for (size_t k = 0; k < COLUMNS; k++) {
        const char *cell = table->cells[places[k + 1]], *name = columns[k + 1];
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

/* Add rows that the clock says are missing between the last one and `now`, as missing values. */
static bool fill_gap(series *series, int64_t now, size_t line)
{
    enum { LONGEST = 10000 };
    row missing;
    for (size_t k = 0; k < COLUMNS; k++)
        missing.cells[k] = NAN;
    for (size_t filled = 0; series->count; filled++) {
        missing.time = table_after(series->rows[series->count - 1].time, 3600, 0, 1);
        if (missing.time == now)
            break;
        if (missing.time > now || filled == LONGEST) {
            fprintf(stderr, "line %zu: the time is no number of 3600 seconds after the row before, or the gap is too long\n", line);
            return false;
        }
        if (!add(series, missing))
            return false;
    }
    return true;
}

/* What a call takes: the `length` rows that end at row `origin`, and the rows after it, as arrays. */
static bool answer_for(traffic_streaming_work *work, traffic_streaming_state *state, const series *series, size_t origin, size_t length, const char *at)
{
    const row *last = &series->rows[origin];
    float *values_ = malloc(length * 1 * sizeof *values_);
    int64_t *time_ = malloc(length * 1 * sizeof *time_);
    float *past_ = malloc(length * 2 * sizeof *past_);
    bool good = values_ && time_ && past_;
    static const size_t values_places[] = {0}; /* vehicles */
    for (size_t i = 0; good && i < length; i++)
        for (size_t k = 0; k < 1; k++) {
            double cell = origin + 1 + i < length ? NAN : last[(ptrdiff_t)(i + 1) - (ptrdiff_t)length].cells[values_places[k]];
            values_[i * 1 + k] = (float)cell;
        }
    static const size_t past_places[] = {1, 2}; /* temperature, clouds */
    for (size_t i = 0; good && i < length; i++)
        for (size_t k = 0; k < 2; k++) {
            double cell = origin + 1 + i < length ? NAN : last[(ptrdiff_t)(i + 1) - (ptrdiff_t)length].cells[past_places[k]];
            past_[i * 2 + k] = (float)cell;
        }
    for (size_t i = 0; good && i < length; i++)
        time_[i] = (int64_t)table_after(last->time, 3600, 0, (int64_t)(i + 1) - (int64_t)length);
    traffic_streaming_answer answer = {0};
    if (good)
        traffic_streaming_forecast(work, state, *values_, *time_, past_, &answer);
    if (good && at)
        print_answer(&answer, at);
    free(values_);
    free(time_);
    free(past_);
    return good;
}

/* Answer each row as it comes. */
static bool answer_rows(traffic_streaming_work *work, table *table, const size_t *places, series *series)
{
    traffic_streaming_state state;
    int found = 0;
    bool good = true;
    traffic_streaming_reset(&state);
    while (good && (found = table_row(table)) == 1) {
        row now;
        char at[64];
        const size_t fed = series->count;
        good = read_row(table, places, &now) && fill_gap(series, now.time, table->number) && add(series, now);
        table_stamp(now.time, at);
        /* rows that were missing in between are fed, and not answered */
        for (size_t i = fed; good && i < series->count; i++)
            good = answer_for(work, &state, series, i, 1, i + 1 < series->count ? NULL : at);
        if (good) {
            series->rows[0] = series->rows[series->count - 1];
            series->count = 1;
        }
    }
    return good && found == 0;
}

static int answer_input(traffic_streaming_work *work)
{
    table table;
    series series = {0};
    size_t places[COLUMNS + 1];
    bool good = table_header(&table, stdin, columns, sizeof columns / sizeof *columns, places);
    if (good)
        print_header();
    good = good && answer_rows(work, &table, places, &series);
    table_free(&table);
    free(series.rows);
    return good ? 0 : 2;
}
static int self_test(traffic_streaming_work *work)
{
    int passed = 0;
    for (size_t i = 0; i < TRAFFIC_STREAMING_EXAMPLES; i++) {
        double largest;
        const bool good = traffic_streaming_self_test(work, i, &largest);
        printf("example %zu: %s, largest difference %.2g\n", i + 1, good ? "ok" : "FAILED", largest);
        passed += good;
    }
    printf("self-test %s: %d of %d examples\n", passed == TRAFFIC_STREAMING_EXAMPLES ? "passed" : "FAILED", passed, TRAFFIC_STREAMING_EXAMPLES);
    return passed == TRAFFIC_STREAMING_EXAMPLES ? 0 : 1;
}

static int by_size(const void *a, const void *b)
{
    const double difference = *(const double *)a - *(const double *)b;
    return (difference > 0) - (difference < 0);
}

/* Microseconds that a call takes, of so many. */
static double time_calls(traffic_streaming_work *work, int count)
{
    traffic_streaming_answer answer;
    traffic_streaming_state state;
    const clock_t start = clock();
    for (int k = 0; k < count; k++)
        traffic_streaming_golden_call(work, &state, 0, &answer);
    return (double)(clock() - start) * 1e6 / CLOCKS_PER_SEC / count;
}

/* The median time. C99 has no clock finer than clock(), which is often one of microseconds: as many calls are timed together
 * as take 200. */
static double median(traffic_streaming_work *work, double (*timed)(traffic_streaming_work *work, int count), int *calls)
{
    enum { ROUNDS = 101 };
    static double taken[ROUNDS];
    int together = 10;
    while (timed(work, together) * together < 200 && together < 100000)
        together *= 2;
    for (int i = 0; i < ROUNDS; i++)
        taken[i] = timed(work, together);
    qsort(taken, ROUNDS, sizeof *taken, by_size);
    *calls = ROUNDS * together;
    return taken[ROUNDS / 2];
}

static int bench(traffic_streaming_work *work)
{
    int calls;
    const double alone = median(work, time_calls, &calls);
    printf("bench: median %.2f us a call of %d\n", alone, calls);
    return 0;
}

int main(int count, char **arguments)
{
    static traffic_streaming_work work;
    if (count == 2 && !strcmp(arguments[1], "--self-test"))
        return self_test(&work);
    if (count == 2 && !strcmp(arguments[1], "--bench"))
        return bench(&work);
    if (count == 1)
        return answer_input(&work);
    fprintf(stderr, "usage: traffic_streaming [--self-test | --bench]  < INPUT\n");
    return 2;
}
