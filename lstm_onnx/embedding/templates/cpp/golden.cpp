// Reads golden.bin and compares. Little-endian throughout; a text is a u32 and that many bytes of UTF-8:
//
//   "LSTMGOLD", u32 version 1, f64 rtol, f64 atol, u32 examples; for each: u32 tensors; for each:
//   u32 role, text name, u32 ONNX type, u32 rank, rank times u32, u32 bytes, values (strings as texts)
#include "golden.hpp"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <iterator>
#include <limits>
#include <stdexcept>

namespace golden {
namespace {

enum Type : std::uint32_t { FLOAT = 1, UINT8 = 2, INT32 = 6, INT64 = 7, STRING = 8, BOOL = 9, FLOAT16 = 10, DOUBLE = 11 };

std::size_t size_of(std::uint32_t type)
{
    switch (type) {
    case UINT8:
    case BOOL:
        return 1;
    case FLOAT16:
        return 2;
    case FLOAT:
    case INT32:
        return 4;
    case INT64:
    case DOUBLE:
        return 8;
    default:
        throw std::runtime_error("a type that is not known");
    }
}

class Reader {
public:
    explicit Reader(std::vector<char> bytes) : content(std::move(bytes)) {}

    std::vector<char> take(std::size_t count)
    {
        if (count > content.size() - at)
            throw std::runtime_error("too short");
        at += count;
        const auto end = content.begin() + static_cast<std::ptrdiff_t>(at);
        return {end - static_cast<std::ptrdiff_t>(count), end};
    }

    template <typename T>
    T number()
    {
        T value;
        std::memcpy(&value, take(sizeof value).data(), sizeof value);
        return value;
    }

    std::uint32_t u32() { return number<std::uint32_t>(); }

    std::string text()
    {
        const auto bytes = take(u32());
        return {bytes.begin(), bytes.end()};
    }

private:
    std::vector<char> content;
    std::size_t at = 0;
};

Tensor read_tensor(Reader &reader)
{
    Tensor tensor;
    tensor.output = reader.u32() == 1;
    tensor.name = reader.text();
    tensor.type = reader.u32();
    std::size_t count = 1;
    for (std::uint32_t rank = reader.u32(); rank > 0; rank--) {
        tensor.shape.push_back(reader.u32());
        count *= static_cast<std::size_t>(tensor.shape.back());
    }
    const std::uint32_t bytes = reader.u32();
    if (tensor.type != STRING) {
        tensor.bytes = reader.take(bytes);
        if (bytes != count * size_of(tensor.type))
            throw std::runtime_error("sizes that do not agree");
    } else {
        for (std::size_t i = 0; i < count; i++)
            tensor.texts.push_back(reader.text());
    }
    return tensor;
}

double half(std::uint16_t bits)
{
    const int exponent = bits >> 10 & 31, fraction = bits & 1023;
    const double size = exponent == 31 ? (fraction ? std::nan("") : std::numeric_limits<double>::infinity())
        : exponent                     ? std::ldexp(1024 + fraction, exponent - 25)
                                       : std::ldexp(fraction, -24);
    return bits >> 15 ? -size : size;
}

template <typename T>
T at(const void *values, std::size_t i)
{
    T value;
    std::memcpy(&value, static_cast<const char *>(values) + i * sizeof value, sizeof value);
    return value;
}

double number(std::uint32_t type, const void *values, std::size_t i)
{
    return type == FLOAT ? static_cast<double>(at<float>(values, i))
        : type == DOUBLE ? at<double>(values, i)
                         : half(at<std::uint16_t>(values, i));
}

[[noreturn]] void differ(const Tensor &wanted, std::size_t i)
{
    throw std::runtime_error(wanted.name + "[" + std::to_string(i) + "] is not what it must be");
}

void check_shape(const Tensor &wanted, const std::vector<std::int64_t> &shape)
{
    if (shape != wanted.shape)
        throw std::runtime_error(wanted.name + " has another shape than it must have");
}

}  // namespace

const Tensor &Example::find(bool output, const std::string &name, std::uint32_t type, std::size_t rank) const
{
    for (const Tensor &tensor : tensors)
        if (tensor.output == output && tensor.name == name && tensor.type == type && tensor.shape.size() == rank)
            return tensor;
    throw std::runtime_error("the golden examples have no " + name + " of the model's type");
}

File read(const std::string &path)
{
    std::ifstream stream(path, std::ios::binary);
    if (!stream)
        throw std::runtime_error(path + ": cannot be read");
    Reader reader({std::istreambuf_iterator<char>(stream), {}});
    try {
        const auto magic = reader.take(8);
        if (std::string(magic.begin(), magic.end()) != "LSTMGOLD" || reader.u32() != 1)
            throw std::runtime_error("something else");
        File file{reader.number<double>(), reader.number<double>(), {}};
        for (std::uint32_t examples = reader.u32(); examples > 0; examples--) {
            Example &example = file.examples.emplace_back();
            for (std::uint32_t tensors = reader.u32(); tensors > 0; tensors--)
                example.tensors.push_back(read_tensor(reader));
        }
        if (file.examples.empty())
            throw std::runtime_error("nothing in it");
        return file;
    } catch (const std::runtime_error &error) {
        throw std::runtime_error(path + ": is no file of golden examples (" + error.what() + ")");
    }
}

double compare(const File &file, const Tensor &wanted, const std::vector<std::int64_t> &shape, const void *values)
{
    check_shape(wanted, shape);
    const std::size_t size = size_of(wanted.type), count = wanted.bytes.size() / size;
    if (wanted.type != FLOAT && wanted.type != DOUBLE && wanted.type != FLOAT16) {
        for (std::size_t i = 0; i < count; i++)
            if (std::memcmp(static_cast<const char *>(values) + i * size, wanted.bytes.data() + i * size, size) != 0)
                differ(wanted, i);
        return 0;
    }
    double largest = 0;
    const std::size_t rows = shape.empty() || shape[0] == 0 ? 1 : static_cast<std::size_t>(shape[0]);
    const std::size_t width = count / rows;
    for (std::size_t first = 0; first < count; first += width) {
        double scale = 0;
        for (std::size_t i = first; i < first + width; i++) {
            const double magnitude = std::fabs(number(wanted.type, wanted.bytes.data(), i));
            scale = std::isfinite(magnitude) ? std::max(scale, magnitude) : scale;
        }
        for (std::size_t i = first; i < first + width; i++) {
            const double a = number(wanted.type, values, i), b = number(wanted.type, wanted.bytes.data(), i);
            if (a == b || (std::isnan(a) && std::isnan(b)))
                continue;
            if (!(std::fabs(a - b) <= file.atol + file.rtol * scale))
                differ(wanted, i);
            largest = std::max(largest, std::fabs(a - b));
        }
    }
    return largest;
}

double compare(const File &, const Tensor &wanted, const std::vector<std::int64_t> &shape,
               const std::vector<std::string> &texts)
{
    check_shape(wanted, shape);
    for (std::size_t i = 0; i < texts.size(); i++)
        if (texts[i] != wanted.texts[i])
            differ(wanted, i);
    return 0;
}

}  // namespace golden
