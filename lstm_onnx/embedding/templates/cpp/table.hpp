// Reads CSV with a header line: cells separated by comma, semicolon or tab; empty cells, NA, NaN and null are missing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <istream>
#include <stdexcept>
#include <string>
#include <vector>

namespace table {

// What cannot be used, in one line that names the line of the input.
struct Error : std::runtime_error {
    using std::runtime_error::runtime_error;
};

// Read a line without its end; false at the end.
bool read_line(std::istream &input, std::string &line);

class Reader {
public:
    // Read the header and find the columns of these names.
    Reader(std::istream &input, const std::vector<std::string> &names);

    // Read the next row that is not blank; false at the end.
    bool next();

    std::size_t line() const { return number; }
    const std::string &cell(std::size_t column) const { return cells[places[column]]; }
    double number_at(std::size_t column, bool may_be_missing) const;
    std::int64_t time_at(std::size_t column) const;
    [[noreturn]] void refuse(const std::string &why) const;

private:
    std::istream &input;
    std::vector<std::string> names, cells;
    std::vector<std::size_t> places;
    std::size_t number = 0, width = 0;
    char mark = ',';

    bool read(std::string &text);
    [[noreturn]] void refuse_cell(std::size_t column, const std::string &why) const;
};

// 2020-01-31 13:00:00
std::string stamp(std::int64_t seconds);

// The time some steps later; a step is a number of seconds, or of calendar months where seconds is 0.
std::int64_t after(std::int64_t time, std::int64_t seconds, std::int64_t months, std::int64_t steps);

// A cell of CSV: in quotes where it needs them; nothing for NaN.
std::string cell_of(const std::string &text);
std::string cell_of(double value, int digits);

}  // namespace table
