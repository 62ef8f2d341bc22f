/* Squared distance by dynamic time warping (Sakoe and Chiba 1978), unconstrained, by anti-diagonals, abandoned early. */
#include <float.h>

/* Return the distance of query (rows) to a known sequence (columns), which is given reversed; FLT_MAX if it is above
   `best`. `work` holds 3 * (rows + 2) numbers. Cell (i, j) of diagonal d = i + j stands at place i + 1. */
float warped(const float *restrict query, int rows, const float *restrict reversed, int columns, float best, float *work)
{
    float *before = work, *last = work + rows + 2, *current = work + 2 * (rows + 2), earlier = 0;
    for (int i = 0; i < 3 * (rows + 2); i++)
        work[i] = FLT_MAX;
    for (int d = 0; d < rows + columns - 1; d++) {
        int low = d - columns + 1 > 0 ? d - columns + 1 : 0, high = d < rows - 1 ? d : rows - 1;
        const float *restrict other = reversed + (columns - 1 - d);
        float *restrict out = current + 1;
        const float *restrict one = last, *restrict two = before;
        float least = FLT_MAX;
        for (int i = low; i <= high; i++) {
            float apart = query[i] - other[i], way = one[i] < one[i + 1] ? one[i] : one[i + 1];
            way = way < two[i] ? way : two[i];
            out[i] = apart * apart + (d ? way : 0);
            least = out[i] < least ? out[i] : least;
        }
        current[low] = FLT_MAX;
        if (high + 2 <= rows)
            current[high + 2] = FLT_MAX;
        if (d && least > best && earlier > best) /* a path crosses one of two neighbouring diagonals */
            return FLT_MAX;
        earlier = least;
        float *free = before;
        before = last, last = current, current = free;
    }
    return last[rows];
}
