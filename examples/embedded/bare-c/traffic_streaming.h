/* Forecasts vehicles 24 steps of 1h ahead from the last 168 steps.
 *
 *     static traffic_streaming_work work;
 *     static traffic_streaming_state state;
 *     traffic_streaming_answer answer;
 *     traffic_streaming_reset(&state);
 *     traffic_streaming_forecast(&work, &state, values, time, past, &answer);
 *
 * Plain C99: no memory is taken, nothing is printed, nothing can fail. Arrays that go in are flat, in row-major order.
 * Made for batch 1, time 1; other sizes need other code.
 */
#ifndef TRAFFIC_STREAMING_H
#define TRAFFIC_STREAMING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
    /* (batch = 1, horizon = 24, target = 1): forecast of each step ahead, in the units of the values; NaN where none was known; target: vehicles */
    float forecast[24];
    /* (batch = 1, horizon = 24): when each step ahead is, UTC; in unix seconds */
    int64_t forecast_time[24];
    /* (batch = 1, horizon = 24, target = 1, quantile = 3): values that what happens stays below with these probabilities, ascending; target: vehicles; quantile: q0.1, q0.5, q0.9 */
    float quantiles[24][3];
} traffic_streaming_answer;

/* What one stream remembers; answers are as good as in training after 168 calls. */
typedef struct {
    float hidden_in[32]; /* hidden state of the LSTM */
    float cell_in[32]; /* cell state of the LSTM */
    float recent_in[168]; /* the newest rows, scaled: the naive forecast looks them up */
    float recent_known_in[168]; /* 1 where such a value is known, else 0 */
    float last_in; /* the newest known value, scaled */
    float known_in; /* how many values are known so far */
} traffic_streaming_state;

/* Before the first row. */
void traffic_streaming_reset(traffic_streaming_state *state);

/* Room for the numbers in between, 7020 bytes and the next state. It keeps nothing
 * from call to call: one serves all streams that take turns. */
typedef struct {
    float floats[1593];
    bool bools[72];
    int64_t int64s[72];
    traffic_streaming_state next;
} traffic_streaming_work;

/* Forecasts vehicles 24 steps of 1h ahead from the last 168 steps.
 *
 *   values: (batch = 1, time = 1, target = 1): what is to be forecast, oldest first; missing where NaN or infinite; target: vehicles
 *   time: (batch = 1, time = 1): when each row was, UTC; in unix seconds
 *   past: (batch = 1, time = 1, covariate = 2): covariates of the same rows; NaN where missing; covariate: temperature, clouds
 *   state: goes on from call to call
 */
void traffic_streaming_forecast(traffic_streaming_work *work, traffic_streaming_state *state,
        float values, int64_t time, const float past[2],
        traffic_streaming_answer *answer);

/* The same for many rows, each a stream with a state of its own: the arrays hold those of one row after the other.
 * They are computed one after the other; code that takes several at once is made by `--set batch=8`.
 */
void traffic_streaming_forecast_batch(traffic_streaming_work *work, size_t count, traffic_streaming_state states[],
        const float values[], const int64_t time[], const float past[],
        traffic_streaming_answer answers[]);

#ifdef __cplusplus
}
#endif

#endif
