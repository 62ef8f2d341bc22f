/* The arithmetic of LSTMs. Loops are so plain that compilers turn them into vectors at -O3. NaN and infinity stay what
 * IEEE 754 makes of them: do not compile with -ffast-math. */
#include <math.h>
#include <stdint.h>
#include <string.h>

#ifdef FP_FAST_FMAF /* C99's word for a processor that multiplies and adds in one step */
#define LSTM_MULTIPLY_ADD(a, b, c) fmaf(a, b, c)
#else
#define LSTM_MULTIPLY_ADD(a, b, c) ((a) * (b) + (c))
#endif

/* On x86-64 with glibc a function of this is compiled for three generations of processors, and the machine that it runs on
 * takes its own when the program starts; elsewhere it is compiled once, for what the flags say. */
#if defined __x86_64__ && defined __GLIBC__ && __GNUC__ >= 12 && !defined __AVX512F__
#define LSTM_PER_PROCESSOR __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#define LSTM_WITHIN static inline __attribute__((always_inline)) /* as a function of its own it would be compiled once */
#else
#define LSTM_PER_PROCESSOR
#define LSTM_WITHIN static inline
#endif

/* exp(x) - 1 for |x| <= 87, within 2 units of the last place; NaN for NaN.
 *
 * With x = n ln 2 + r and |r| <= ln 2 / 2 it is 2^n (exp(r) - 1) + (2^n - 1), and exp(r) - 1 = r + r^2 q(r), where q has the
 * degree 4 and the least weighted squares at Chebyshev's points (tools/expm1_polynomial; relative error 1.5e-8). To add
 * 1.5 * 2^23 rounds to an integer, which the low bits then hold. ln 2 is subtracted in two parts, the first so short that n
 * times it is exact. */
LSTM_WITHIN float lstm_expm1(float x)
{
    const float shifted = LSTM_MULTIPLY_ADD(x, 0x1.715476p+0f, 0x1.8p+23f);
    int32_t bits;
    memcpy(&bits, &shifted, sizeof bits);
    const int32_t n = bits - 0x4b400000;
    const uint32_t scale_bits = ((uint32_t)n + 127u) << 23;
    float scale; /* 2^n */
    memcpy(&scale, &scale_bits, sizeof scale);
    float r = LSTM_MULTIPLY_ADD((float)n, -0x1.62e4p-1f, x);
    r = LSTM_MULTIPLY_ADD((float)n, -0x1.7f7d1cp-20f, r);
    float q = LSTM_MULTIPLY_ADD(0x1.6b488ap-10f, r, 0x1.1228bep-7f);
    q = LSTM_MULTIPLY_ADD(q, r, 0x1.555748p-5f);
    q = LSTM_MULTIPLY_ADD(q, r, 0x1.5554aep-3f);
    q = LSTM_MULTIPLY_ADD(q, r, 0x1.fffffep-2f);
    const float p = LSTM_MULTIPLY_ADD(q * r, r, r);
    return LSTM_MULTIPLY_ADD(scale, p, scale - 1.0f);
}

/* Hold values to -most .. most; NaN stays. Two loops, each of which is a vector instruction or two; as one, or inside those
 * that call this, they become branches. */
LSTM_WITHIN void lstm_limit(float *values, int count, float most)
{
    for (int k = 0; k < count; k++) {
        const float x = values[k];
        values[k] = x > most ? most : x;
    }
    for (int k = 0; k < count; k++) {
        const float x = values[k];
        values[k] = x < -most ? -most : x;
    }
}

/* 1 / (1 + exp(-x)) in the place of each x, within 3 units of the last place; 1.6e-38 for all below -87. */
LSTM_WITHIN void lstm_sigmoid(float *values, int count)
{
    lstm_limit(values, count, 87.0f);
    for (int k = 0; k < count; k++)
        values[k] = 1.0f / (2.0f + lstm_expm1(-values[k]));
}

/* tanh(x) in the place of each x, within 3 units of the last place. */
LSTM_WITHIN void lstm_tanh(float *values, int count)
{
    lstm_limit(values, count, 43.0f);
    for (int k = 0; k < count; k++) {
        const float e = lstm_expm1(2.0f * values[k]);
        values[k] = e / (2.0f + e);
    }
}

/* Go on by a step. `gates` are sums, and ordered as in ONNX: for each unit those of the input gate, then of the output gate,
 * the forget gate and the candidate. */
LSTM_WITHIN void lstm_update(float *restrict gates, float *restrict hidden, float *restrict cell, int units)
{
    lstm_sigmoid(gates, 3 * units);
    lstm_tanh(gates + 3 * units, units);
    for (int k = 0; k < units; k++) {
        cell[k] = LSTM_MULTIPLY_ADD(gates[2 * units + k], cell[k], gates[k] * gates[3 * units + k]);
        hidden[k] = cell[k];
    }
    lstm_tanh(hidden, units);
    for (int k = 0; k < units; k++)
        hidden[k] *= gates[units + k];
}
