#ifndef SELF_TEST_H
#define SELF_TEST_H

#include "vowels.h"

/* Feed the golden examples and compare, a line each; gives the program's exit status. */
int self_test(vowels_model *model, const char *golden_path);

/* Print how long a call with the first golden example takes; gives the program's exit status. */
int bench(vowels_model *model, const char *golden_path);

#endif
