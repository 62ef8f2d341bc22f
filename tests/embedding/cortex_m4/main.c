/* The self-test as it is called on a device. */
#include <stdio.h>

#include "self_test.h"

#define JOIN_(a, b) a##_##b
#define JOIN(a, b) JOIN_(a, b)

int main(void)
{
    static JOIN(MODEL, work) work;
    int failed = 0;
    for (size_t i = 0; i < JOIN(MODEL_UPPER, EXAMPLES); i++) {
        double largest;
        if (!JOIN(MODEL, self_test)(&work, i, &largest))
            failed++;
    }
    printf("%d of %d failed\n", failed, (int)JOIN(MODEL_UPPER, EXAMPLES));
    return failed;
}
