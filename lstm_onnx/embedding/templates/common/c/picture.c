#include "picture.h"

#include <ctype.h>
#include <stdlib.h>

enum { LARGEST = 65535 };

static int refuse(const char *why)
{
    fprintf(stderr, "%s\n", why);
    return -1;
}

/* Read a whole number of the header, and the one sign of white space after it; -1 where there is none. */
static long header_number(FILE *file)
{
    int sign = getc(file);
    while (isspace(sign) || sign == '#') {
        if (sign == '#') /* a remark, up to the end of its line */
            while (sign != '\n' && sign != EOF)
                sign = getc(file);
        sign = getc(file);
    }
    long value = -1;
    for (; isdigit(sign) && value <= LARGEST; sign = getc(file))
        value = (value < 0 ? 0 : 10 * value) + (sign - '0');
    return isspace(sign) ? value : -1;
}

int picture_read(FILE *file, picture *picture)
{
    int first = getc(file);
    while (isspace(first)) /* between two pictures */
        first = getc(file);
    if (first == EOF)
        return 0;
    const int kind = getc(file);
    if (first != 'P' || (kind != '5' && kind != '6'))
        return refuse("the input is no PPM or PGM picture; make one, such as with: magick PHOTO.jpg -depth 8 ppm:-");
    const long width = header_number(file), height = header_number(file), brightest = header_number(file);
    if (width < 1 || height < 1 || brightest < 1 || width > LARGEST || height > LARGEST)
        return refuse("the picture's header is broken");
    if (brightest > 255)
        return refuse("the picture has two bytes a value; make it with one, such as by: -depth 8");

    const size_t colours = kind == '6' ? 3 : 1, count = (size_t)width * (size_t)height;
    uint8_t *values = malloc(count * 3);
    if (!values)
        return refuse("out of memory");
    uint8_t *end = values + (3 - colours) * count; /* grey lies at the end, and is spread out in place */
    if (fread(end, colours, count, file) != count) {
        free(values);
        return refuse("the picture ends too early");
    }
    for (size_t i = 0; i < 3 * count; i++) {
        const long value = colours == 3 ? values[i] : end[i / 3];
        values[i] = (uint8_t)(value >= brightest ? 255 : (value * 255 + brightest / 2) / brightest);
    }
    *picture = (struct picture){(size_t)height, (size_t)width, values};
    return 1;
}
