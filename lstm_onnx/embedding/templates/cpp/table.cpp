#include "table.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <optional>

namespace table {
namespace {

std::string trimmed(const std::string &text)
{
    const auto first = text.find_first_not_of(' '), last = text.find_last_not_of(' ');
    return first == std::string::npos ? "" : text.substr(first, last - first + 1);
}

// Cut a line into cells; a cell in quotes may hold the mark, and a quote written twice.
std::vector<std::string> split(const std::string &line, char mark)
{
    std::vector<std::string> cells(1);
    bool quoted = false;
    for (std::size_t i = 0; i < line.size(); i++) {
        const char c = line[i];
        if (quoted && c == '"' && i + 1 < line.size() && line[i + 1] == '"')
            cells.back() += line[++i];
        else if (c == '"' && (quoted || cells.back().empty()))
            quoted = !quoted;
        else if (c == mark && !quoted)
            cells.emplace_back();
        else
            cells.back() += c;
    }
    std::transform(cells.begin(), cells.end(), cells.begin(), trimmed);
    return cells;
}

constexpr std::int64_t latest = 253402300799;  // the end of the year 9999

struct Date {
    std::int64_t year;
    int month, day;
};

// Days since 1970 of a date of the Gregorian calendar: years begin in March, so that a leap day comes last.
std::int64_t days_of(Date date)
{
    const std::int64_t year = date.year - (date.month <= 2), era = (year >= 0 ? year : year - 399) / 400;
    const std::int64_t of_era = year - era * 400;
    const std::int64_t of_year = (153 * (date.month + (date.month > 2 ? -3 : 9)) + 2) / 5 + date.day - 1;
    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

Date date_of(std::int64_t days)
{
    days += 719468;
    const std::int64_t era = (days >= 0 ? days : days - 146096) / 146097, of_era = days - era * 146097;
    const std::int64_t years = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    const std::int64_t of_year = of_era - (365 * years + years / 4 - years / 100), part = (5 * of_year + 2) / 153;
    const int month = static_cast<int>(part < 10 ? part + 3 : part - 9);
    return {years + era * 400 + (month <= 2), month, static_cast<int>(of_year - (153 * part + 2) / 5 + 1)};
}

std::int64_t floor_div(std::int64_t a, std::int64_t b)
{
    return a / b - (a % b < 0);
}

// 2020-01-31, 2020-01-31 13:00, 2020-01-31T13:00:00Z or seconds since 1970.
std::optional<std::int64_t> time_of(const std::string &cell)
{
    char *end;
    const long long whole = std::strtoll(cell.c_str(), &end, 10);
    if (!cell.empty() && *end == '\0')
        return std::llabs(whole) <= latest ? std::optional<std::int64_t>(whole) : std::nullopt;
    int year, month, day, hour = 0, minute = 0, second = 0, used = 0;
    if (std::sscanf(cell.c_str(), "%4d-%2d-%2d%n", &year, &month, &day, &used) != 3)
        return std::nullopt;
    std::string rest = cell.substr(static_cast<std::size_t>(used));
    if (!rest.empty() && rest.back() == 'Z')
        rest.pop_back();
    if (!rest.empty()) {
        int minutes = 0, seconds = 0;
        if ((rest[0] != ' ' && rest[0] != 'T') || std::sscanf(rest.c_str() + 1, "%2d:%2d%n", &hour, &minute, &minutes) != 2)
            return std::nullopt;
        std::string more = rest.substr(static_cast<std::size_t>(minutes) + 1);
        more = more.substr(0, std::min(more.find('.'), more.size()));
        if (!more.empty() && (std::sscanf(more.c_str(), ":%2d%n", &second, &seconds) != 1 || more[static_cast<std::size_t>(seconds)]))
            return std::nullopt;
    }
    const std::int64_t days = days_of({year, month, day});
    const Date found = date_of(days);
    if (found.month != month || found.day != day || hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0
        || second > 59)
        return std::nullopt;
    return ((days * 24 + hour) * 60 + minute) * 60 + second;
}

std::optional<double> number_of(const std::string &cell)
{
    static const char *const missing[] = {"", "NA", "NaN", "nan", "null"};
    if (std::find(std::begin(missing), std::end(missing), cell) != std::end(missing))
        return std::numeric_limits<double>::quiet_NaN();
    char *end;
    const double value = std::strtod(cell.c_str(), &end);
    return *end ? std::nullopt : std::optional<double>(value);
}

}  // namespace

bool read_line(std::istream &input, std::string &line)
{
    if (!std::getline(input, line))
        return false;
    if (!line.empty() && line.back() == '\r')
        line.pop_back();
    return true;
}

Reader::Reader(std::istream &stream, const std::vector<std::string> &columns) : input(stream), names(columns)
{
    std::string header;
    if (!read(header))
        throw Error("standard input is empty: give a table, its first line the names of the columns");
    if (header.rfind("\xef\xbb\xbf", 0) == 0)
        header.erase(0, 3);
    auto count = [&](char c) { return std::count(header.begin(), header.end(), c); };
    for (char other : {';', '\t'})
        mark = count(other) > count(mark) ? other : mark;
    cells = split(header, mark);
    width = cells.size();
    for (const std::string &name : names) {
        const auto found = std::find(cells.begin(), cells.end(), name);
        if (found == cells.end())
            refuse("there is no column '" + name + "'");
        places.push_back(static_cast<std::size_t>(found - cells.begin()));
    }
}

bool Reader::read(std::string &text)
{
    do {
        if (!read_line(input, text))
            return false;
        number++;
    } while (text.find_first_not_of(" \t") == std::string::npos);
    return true;
}

bool Reader::next()
{
    std::string text;
    if (!read(text))
        return false;
    cells = split(text, mark);
    if (cells.size() != width)
        refuse("has " + std::to_string(cells.size()) + " cells, and the header has " + std::to_string(width));
    return true;
}

double Reader::number_at(std::size_t column, bool may_be_missing) const
{
    const auto value = number_of(cell(column));
    if (!value)
        refuse_cell(column, "is not a number; leave the cell empty where it is missing");
    if (!may_be_missing && !std::isfinite(*value))
        refuse_cell(column, "is no finite number, which this model needs");
    return *value;
}

std::int64_t Reader::time_at(std::size_t column) const
{
    const auto time = time_of(cell(column));
    if (!time)
        refuse_cell(column, "is no time; write it as 2020-01-31 13:00");
    return *time;
}

void Reader::refuse_cell(std::size_t column, const std::string &why) const
{
    refuse("column '" + names[column] + "': '" + cell(column) + "' " + why);
}

void Reader::refuse(const std::string &why) const
{
    throw Error("line " + std::to_string(number) + ": " + why);
}

std::string stamp(std::int64_t seconds)
{
    const std::int64_t days = floor_div(seconds, 86400), rest = seconds - days * 86400;
    const Date date = date_of(days);
    char text[80];
    std::snprintf(text, sizeof text, "%04lld-%02d-%02d %02d:%02d:%02d", static_cast<long long>(date.year), date.month,
                  date.day, static_cast<int>(rest / 3600), static_cast<int>(rest / 60 % 60), static_cast<int>(rest % 60));
    return text;
}

std::int64_t after(std::int64_t time, std::int64_t seconds, std::int64_t months, std::int64_t steps)
{
    if (seconds)
        return time + seconds * steps;
    const Date date = date_of(floor_div(time, 86400));
    const std::int64_t count = date.year * 12 + date.month - 1 + months * steps, year = floor_div(count, 12);
    return days_of({year, static_cast<int>(count - year * 12) + 1, 1}) * 86400;
}

std::string cell_of(const std::string &text)
{
    if (text.find_first_of(",\"\r\n") == std::string::npos)
        return text;
    std::string quoted = "\"";
    for (char c : text)
        quoted += c == '"' ? "\"\"" : std::string(1, c);
    return quoted + '"';
}

std::string cell_of(double value, int digits)
{
    char text[40];
    std::snprintf(text, sizeof text, "%.*g", digits, value);
    return std::isnan(value) ? "" : text;
}

}  // namespace table
