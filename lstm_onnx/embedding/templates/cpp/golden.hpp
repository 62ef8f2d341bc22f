// Golden examples: inputs, and the outputs that every runtime must give for them. See golden.cpp for the file's format.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

namespace golden {

struct Tensor {
    bool output;
    std::string name;
    std::uint32_t type;  // ONNX's number of the element type
    std::vector<std::int64_t> shape;
    std::vector<char> bytes;
    std::vector<std::string> texts;

    // Copy the values; throws where they are of another size.
    template <typename T>
    std::vector<T> values() const
    {
        std::vector<T> copied(bytes.size() / sizeof(T));
        std::memcpy(copied.data(), bytes.data(), copied.size() * sizeof(T));
        return copied;
    }
};

template <>
inline std::vector<std::string> Tensor::values<std::string>() const
{
    return texts;
}

struct Example {
    std::vector<Tensor> tensors;

    // The tensor of that name, type and rank; throws where there is none.
    const Tensor &find(bool output, const std::string &name, std::uint32_t type, std::size_t rank) const;
};

struct File {
    double rtol, atol;
    std::vector<Example> examples;
};

File read(const std::string &path);

// Compare values with a golden output; gives the largest difference, throws where they do not agree.
double compare(const File &file, const Tensor &wanted, const std::vector<std::int64_t> &shape, const void *values);
double compare(const File &file, const Tensor &wanted, const std::vector<std::int64_t> &shape,
               const std::vector<std::string> &texts);

}  // namespace golden
