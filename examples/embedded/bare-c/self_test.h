/* Golden examples, compiled in: what ONNX Runtime answered. No file is read and nothing printed, so that it runs on the device:
 *
 *     for (size_t i = 0; i < TRAFFIC_STREAMING_EXAMPLES; i++)
 *         if (!traffic_streaming_self_test(&work, i, &largest))
 *             complain();
 */
#ifndef TRAFFIC_STREAMING_SELF_TEST_H
#define TRAFFIC_STREAMING_SELF_TEST_H

#include <stddef.h>

#include "traffic_streaming.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { TRAFFIC_STREAMING_EXAMPLES = 4 };

/* Whether an example is answered within the model's tolerance; *largest becomes the largest difference. */
bool traffic_streaming_self_test(traffic_streaming_work *work, size_t example, double *largest);

/* Call the function with the inputs of an example. */
void traffic_streaming_golden_call(traffic_streaming_work *work, traffic_streaming_state *state, size_t example, traffic_streaming_answer *answer);

/* Inputs of an example, flat and in row-major order. */
const float *traffic_streaming_example_values(size_t example); /* 1: (batch = 1, time = 1, target = 1) */
const int64_t *traffic_streaming_example_time(size_t example); /* 1: (batch = 1, time = 1) */
const float *traffic_streaming_example_past(size_t example); /* 2: (batch = 1, time = 1, covariate = 2) */

#ifdef __cplusplus
}
#endif

#endif
