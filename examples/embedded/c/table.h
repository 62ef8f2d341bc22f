/* Reads CSV with a header line: cells separated by comma, semicolon or tab; empty cells, NA, null and the like are missing. */
#ifndef TABLE_H
#define TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

typedef struct {
    FILE *file;
    char *line;
    size_t room, length;
    size_t number; /* of the line, from 1 */
    char mark;
    char **cells;
    size_t columns;
} table;

/* Read a line without its end; false at the end of the file. */
bool table_line(table *table);

/* Read the header; places[i] becomes the column of names[i]. One line on stderr and false where one is missing. */
bool table_header(table *table, FILE *file, const char *const *names, size_t count, size_t *places);

/* Read the next row that is not blank: 1, 0 at the end, -1 and a line on stderr where it has another number of cells. */
int table_row(table *table);

void table_free(table *table);

/* Read a number: NaN where it is missing or infinite; false where the cell holds something else. */
bool table_number(const char *cell, double *value);

/* Read 2020-01-31, 2020-01-31 13:00, 2020-01-31T13:00:00Z or seconds since 1970. */
bool table_time(const char *cell, int64_t *seconds);

/* Write 2020-01-31 13:00:00. */
void table_stamp(int64_t seconds, char text[64]);

/* The time some steps later; a step is a number of seconds, or of calendar months where seconds is 0. */
int64_t table_after(int64_t time, int64_t seconds, int64_t months, int64_t steps);

#endif
