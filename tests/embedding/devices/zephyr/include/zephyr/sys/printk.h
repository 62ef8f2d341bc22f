/* On the machine that builds, the console is standard output. */
#include <stdio.h>
#define printk printf
