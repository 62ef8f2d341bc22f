/* What JavaScript sees of traffic_streaming.c: where each value lies, and functions without parameters. No memory is taken. */
#include "traffic_streaming.h"

#define EXPORT(name) __attribute__((export_name(#name)))

static traffic_streaming_work work;
static traffic_streaming_answer answer;
static traffic_streaming_state state;
static float in_values[1];
static int64_t in_time[1];
static float in_past[2];

/* Inputs, then outputs, without states. */
EXPORT(place) void *place(int number)
{
    void *const places[] = {
        in_values,
        in_time,
        in_past,
        answer.forecast,
        answer.forecast_time,
        (float *)answer.quantiles,
    };
    return places[number];
}

EXPORT(run) void run(void)
{
    traffic_streaming_forecast(&work, &state, *in_values, *in_time, in_past, &answer);
}

EXPORT(reset) void reset(void)
{
    traffic_streaming_reset(&state);
}

#ifdef SELF_TEST
#include "self_test.h"

EXPORT(examples) int examples(void)
{
    return TRAFFIC_STREAMING_EXAMPLES;
}

/* The largest difference, or -1 where it is beyond the tolerance. */
EXPORT(test) double test(int example)
{
    double largest;
    return traffic_streaming_self_test(&work, (size_t)example, &largest) ? largest : -1;
}

/* An input of a golden example. */
EXPORT(example) const void *example(int input, int number)
{
    const void *const inputs[] = {
        traffic_streaming_example_values((size_t)number),
        traffic_streaming_example_time((size_t)number),
        traffic_streaming_example_past((size_t)number),
    };
    return inputs[input];
}
#endif
