#include "table.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

bool table_line(table *table)
{
    size_t length = 0;
    int c;
    while ((c = getc(table->file)) != EOF && c != '\n') {
        if (length + 2 > table->room) {
            char *larger = realloc(table->line, table->room = 2 * table->room + 256);
            if (!larger)
                return false;
            table->line = larger;
        }
        table->line[length++] = (char)c;
    }
    if (c == EOF && !length)
        return false;
    if (!table->line && !(table->line = malloc(table->room = 256)))
        return false;
    if (length && table->line[length - 1] == '\r')
        length--;
    table->line[length] = '\0';
    table->length = length;
    table->number++;
    return true;
}

static bool is_blank(const char *line)
{
    return line[strspn(line, " \t")] == '\0';
}

static char *trimmed(char *cell)
{
    cell += strspn(cell, " ");
    for (size_t n = strlen(cell); n && cell[n - 1] == ' '; n--)
        cell[n - 1] = '\0';
    return cell;
}

/* Cut the line into cells, in place; a cell in quotes may hold the mark, and a quote written twice. */
static size_t split(table *table, size_t room)
{
    size_t count = 0;
    char *read = table->line;
    for (bool more = true; more; count++) {
        char *start = read, *write = read;
        bool quoted = *read == '"';
        read += quoted;
        while (*read && (quoted || *read != table->mark)) {
            if (quoted && *read == '"' && read[1] != '"') {
                quoted = false;
                read++;
                continue;
            }
            read += quoted && *read == '"';
            *write++ = *read++;
        }
        more = *read != '\0';
        read += more;
        *write = '\0';
        if (count < room)
            table->cells[count] = trimmed(start);
    }
    return count;
}

bool table_header(table *table, FILE *file, const char *const *names, size_t count, size_t *places)
{
    memset(table, 0, sizeof *table);
    table->file = file;
    do
        if (!table_line(table)) {
            fprintf(stderr, "standard input is empty: give a table, its first line the names of the columns\n");
            return false;
        }
    while (is_blank(table->line));
    if (!strncmp(table->line, "\xef\xbb\xbf", 3))
        memmove(table->line, table->line + 3, strlen(table->line) - 2);
    size_t most = 0;
    for (const char *mark = ",;\t"; *mark; mark++) { /* the one that there is most of, outside quotes */
        size_t found = 1;
        bool quoted = false;
        for (const char *c = table->line; *c; c++) {
            quoted ^= *c == '"';
            found += !quoted && *c == *mark;
        }
        if (found > most) {
            most = found;
            table->mark = *mark;
        }
    }
    if (!(table->cells = calloc(most, sizeof *table->cells)))
        return false;
    table->columns = split(table, most);
    for (size_t i = 0; i < table->columns; i++)
        for (size_t k = 0; k < i && *table->cells[i]; k++)
            if (!strcmp(table->cells[i], table->cells[k])) {
                fprintf(stderr, "line %zu: columns %zu and %zu are both called '%s'; rename one of them\n", table->number,
                        k + 1, i + 1, table->cells[i]);
                return false;
            }
    for (size_t i = 0; i < count; i++) {
        places[i] = 0;
        while (places[i] < table->columns && strcmp(table->cells[places[i]], names[i]))
            places[i]++;
        if (places[i] == table->columns) {
            fprintf(stderr, "line %zu: there is no column '%s'\n", table->number, names[i]);
            return false;
        }
    }
    return true;
}

int table_row(table *table)
{
    do
        if (!table_line(table))
            return 0;
    while (is_blank(table->line));
    if (strlen(table->line) != table->length) {
        fprintf(stderr, "line %zu: holds a zero byte\n", table->number);
        return -1;
    }
    size_t found = split(table, table->columns);
    if (found == table->columns)
        return 1;
    fprintf(stderr, "line %zu: has %zu cells, and the header has %zu\n", table->number, found, table->columns);
    return -1;
}

void table_free(table *table)
{
    free(table->line);
    free(table->cells);
    table->line = NULL;
    table->cells = NULL;
}

/* Whether a cell is a word, in any mixture of upper and lower case. */
static bool is_word(const char *cell, const char *word)
{
    while (*word && tolower((unsigned char)*cell) == *word) {
        cell++;
        word++;
    }
    return !*word && !*cell;
}

bool table_number(const char *cell, double *value)
{
    static const char *const nan_words[] = {"", "na", "n/a", "#n/a", "nan", "null", "none", "\?", "-", "+nan", "-nan", "inf", "infinity", "+inf", "+infinity", "-inf", "-infinity"};
    for (size_t i = 0; i < sizeof nan_words / sizeof *nan_words; i++)
        if (is_word(cell, nan_words[i])) {
            *value = NAN;
            return true;
        }
    if (is_word(cell, "true")) {
        *value = 1;
        return true;
    }
    if (is_word(cell, "false")) {
        *value = 0;
        return true;
    }
    if (cell[strspn(cell, "0123456789.eE+-")]) /* strtod takes hexadecimal numbers, too */
        return false;
    char *end;
    *value = strtod(cell, &end);
    if (!isfinite(*value))
        *value = NAN;
    return *end == '\0';
}

#define LATEST 253402300799 /* the end of the year 9999 */

/* Days since 1970 of a date of the Gregorian calendar: years begin in March, so that a leap day comes last. */
static int64_t days_of(int64_t year, int month, int day)
{
    year -= month <= 2;
    int64_t era = (year >= 0 ? year : year - 399) / 400, of_era = year - era * 400;
    int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

static void date_of(int64_t days, int64_t *year, int *month, int *day)
{
    days += 719468;
    int64_t era = (days >= 0 ? days : days - 146096) / 146097, of_era = days - era * 146097;
    int64_t years = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    int64_t of_year = of_era - (365 * years + years / 4 - years / 100), part = (5 * of_year + 2) / 153;
    *day = (int)(of_year - (153 * part + 2) / 5 + 1);
    *month = (int)(part < 10 ? part + 3 : part - 9);
    *year = years + era * 400 + (*month <= 2);
}

static int64_t floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

/* Read how far a clock is ahead of UTC, such as +02:00, -0330 or +01, and go on behind it; 0 where there is none. */
static int64_t read_offset(const char **text)
{
    const char *at = *text;
    int digits[4] = {0}, count = 0;
    if (*at != '+' && *at != '-')
        return 0;
    for (at++; count < 4 && isdigit((unsigned char)*at); count++) {
        digits[count] = *at++ - '0';
        at += count == 1 && *at == ':' && isdigit((unsigned char)at[1]);
    }
    if (count != 2 && count != 4)
        return 0; /* what is left is then no part of a time */
    const int64_t seconds = ((digits[0] * 10 + digits[1]) * 60 + digits[2] * 10 + digits[3]) * 60;
    const bool behind = **text == '-';
    *text = at;
    return behind ? -seconds : seconds;
}

bool table_time(const char *cell, int64_t *seconds)
{
    char *end;
    long long number = strtoll(cell, &end, 10);
    if (end != cell && *end == '\0') {
        *seconds = number;
        return number >= -LATEST && number <= LATEST;
    }
    int year, month, day, hour = 0, minute = 0, second = 0, used = 0, more = 0;
    if (sscanf(cell, "%4d-%2d-%2d%n", &year, &month, &day, &used) != 3)
        return false;
    const char *rest = cell + used;
    int64_t offset = 0;
    if ((*rest == ' ' || *rest == 'T') && isdigit((unsigned char)rest[1])) {
        if (sscanf(++rest, "%2d:%2d%n", &hour, &minute, &more) != 2)
            return false;
        rest += more;
        more = 0;
        if (*rest == ':' && sscanf(rest, ":%2d%n", &second, &more) == 1)
            rest += more;
        if (*rest == '.')
            rest += 1 + strspn(rest + 1, "0123456789");
        offset = read_offset(&rest);
    }
    rest += *rest == 'Z';
    int64_t found_year, days = days_of(year, month, day);
    int found_month, found_day;
    date_of(days, &found_year, &found_month, &found_day);
    if (*rest || found_month != month || found_day != day || hour < 0 || hour > 23 || minute < 0 || minute > 59
        || second < 0 || second > 59)
        return false;
    *seconds = ((days * 24 + hour) * 60 + minute) * 60 + second - offset;
    return true;
}

void table_stamp(int64_t seconds, char text[64])
{
    int64_t days = floor_div(seconds, 86400), year;
    int month, day, rest = (int)(seconds - days * 86400);
    date_of(days, &year, &month, &day);
    snprintf(text, 64, "%04lld-%02d-%02d %02d:%02d:%02d", (long long)year, month, day, rest / 3600, rest / 60 % 60,
             rest % 60);
}

int64_t table_after(int64_t time, int64_t seconds, int64_t months, int64_t steps)
{
    if (seconds)
        return time + seconds * steps;
    int64_t year, count;
    int month, day;
    date_of(floor_div(time, 86400), &year, &month, &day);
    count = year * 12 + month - 1 + months * steps;
    return days_of(floor_div(count, 12), (int)(count - floor_div(count, 12) * 12) + 1, 1) * 86400;
}
