/* Several sequences at once: each weight is loaded once for four of them, which counts where weights lie in the second-level
 * cache. */
LSTM_WITHIN void lstm_add_rows_to_four(float *restrict sums_0, float *restrict sums_1, float *restrict sums_2,
                                        float *restrict sums_3, const float *restrict weights, const float *const values[4],
                                         int rows, int columns)
{
    const int whole = rows - rows % 4;
    for (int row = 0; row < whole; row += 4, weights += 4 * columns) {
        const float *const p = values[0] + row, *const q = values[1] + row, *const r = values[2] + row, *const s = values[3] + row;
        const float p0 = p[0], p1 = p[1], p2 = p[2], p3 = p[3], q0 = q[0], q1 = q[1], q2 = q[2], q3 = q[3];
        const float r0 = r[0], r1 = r[1], r2 = r[2], r3 = r[3], s0 = s[0], s1 = s[1], s2 = s[2], s3 = s[3];
        for (int k = 0; k < columns; k++) {
            const float w0 = weights[k], w1 = weights[columns + k], w2 = weights[2 * columns + k], w3 = weights[3 * columns + k];
            const float sum_p = LSTM_MULTIPLY_ADD(p1, w1, LSTM_MULTIPLY_ADD(p0, w0, sums_0[k]));
            const float sum_q = LSTM_MULTIPLY_ADD(q1, w1, LSTM_MULTIPLY_ADD(q0, w0, sums_1[k]));
            const float sum_r = LSTM_MULTIPLY_ADD(r1, w1, LSTM_MULTIPLY_ADD(r0, w0, sums_2[k]));
            const float sum_s = LSTM_MULTIPLY_ADD(s1, w1, LSTM_MULTIPLY_ADD(s0, w0, sums_3[k]));
            sums_0[k] = LSTM_MULTIPLY_ADD(p3, w3, LSTM_MULTIPLY_ADD(p2, w2, sum_p));
            sums_1[k] = LSTM_MULTIPLY_ADD(q3, w3, LSTM_MULTIPLY_ADD(q2, w2, sum_q));
            sums_2[k] = LSTM_MULTIPLY_ADD(r3, w3, LSTM_MULTIPLY_ADD(r2, w2, sum_r));
            sums_3[k] = LSTM_MULTIPLY_ADD(s3, w3, LSTM_MULTIPLY_ADD(s2, w2, sum_s));
        }
    }
    for (int row = whole; row < rows; row++, weights += columns) {
        const float p = values[0][row], q = values[1][row], r = values[2][row], s = values[3][row];
        for (int k = 0; k < columns; k++) {
            sums_0[k] = LSTM_MULTIPLY_ADD(p, weights[k], sums_0[k]);
            sums_1[k] = LSTM_MULTIPLY_ADD(q, weights[k], sums_1[k]);
            sums_2[k] = LSTM_MULTIPLY_ADD(r, weights[k], sums_2[k]);
            sums_3[k] = LSTM_MULTIPLY_ADD(s, weights[k], sums_3[k]);
        }
    }
}

/* `lstm_add_rows` for each of `count` sequences: to sums[i] what values[i] makes of the weights. */
LSTM_WITHIN void lstm_add_rows_to_each(float *const sums[], const float *weights, const float *const values[], int count,
                                         int rows, int columns)
{
    int i = 0;
    for (; i + 4 <= count; i += 4)
        lstm_add_rows_to_four(sums[i], sums[i + 1], sums[i + 2], sums[i + 3], weights, values + i, rows, columns);
    for (; i < count; i++)
        lstm_add_rows(sums[i], weights, values[i], rows, columns);
}
