/* Add to `sums` each row of `weights`, (rows, columns), times its value; four rows at a time, to load and store each sum
 * once for four products. */
LSTM_WITHIN void lstm_add_rows(float *restrict sums, const float *restrict weights, const float *restrict values, int rows,
                                 int columns)
{
    const int whole = rows - rows % 4;
    for (int row = 0; row < whole; row += 4, weights += 4 * columns) {
        const float a = values[row], b = values[row + 1], c = values[row + 2], d = values[row + 3];
        for (int k = 0; k < columns; k++) {
            float sum = LSTM_MULTIPLY_ADD(a, weights[k], sums[k]);
            sum = LSTM_MULTIPLY_ADD(b, weights[columns + k], sum);
            sum = LSTM_MULTIPLY_ADD(c, weights[2 * columns + k], sum);
            sums[k] = LSTM_MULTIPLY_ADD(d, weights[3 * columns + k], sum);
        }
    }
    for (int row = whole; row < rows; row++, weights += columns)
        for (int k = 0; k < columns; k++)
            sums[k] = LSTM_MULTIPLY_ADD(values[row], weights[k], sums[k]);
}
