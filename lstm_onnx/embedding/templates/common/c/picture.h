/* Reads pictures as Netpbm writes them (PPM or PGM, binary): any program for pictures can make one. */
#ifndef PICTURE_H
#define PICTURE_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* Rows from the top, places from the left, each with red, green and blue. */
typedef struct picture {
    size_t height, width;
    uint8_t *values; /* height * width * 3; to be freed */
} picture;

/* Gives 1 for the next picture, 0 at the end of the file, and -1, with a line on standard error, for what is no picture. */
int picture_read(FILE *file, picture *picture);

#endif
