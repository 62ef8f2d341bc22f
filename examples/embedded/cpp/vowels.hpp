// Classifies sequences of cepstrum 1, cepstrum 2, cepstrum 3, cepstrum 4, cepstrum 5, cepstrum 6, cepstrum 7, cepstrum 8 and more as one of 1, 2, 3, 4, 5, 6 and 3 more.
//
//     vowels::Model model("model.onnx");  // once; several threads may share it
//     auto answer = model.classify(...);
//
// A thin skin over vowels.h, which has the names of classes, the scores and the model's SHA-256.
// What goes wrong is thrown as std::runtime_error (or std::invalid_argument for arguments that do not fit).
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "vowels.h"

namespace vowels {

using Options = vowels_options;  // {}: the best for small models

// Values in row-major order.
template <typename T>
struct Tensor {
    std::vector<T> values;
    std::vector<std::int64_t> shape;
};

struct Answer {
    Tensor<std::string> label;  // (batch): the likeliest class
    Tensor<float> probabilities;  // (batch, class = 9): probability of each class, calibrated on validation data if there was any; class: 1, 2, 3, 4, 5, 6, 7, 8, …
};

class Model {
public:
    explicit Model(const std::string &path, const Options &options = {})
    {
        if (!vowels_open_with(&model, path.c_str(), &options))
            throw std::runtime_error(model.error);
    }

    // From memory, such as a resource of a program.
    Model(const void *content, std::size_t size, const Options &options = {})
    {
        if (!vowels_open_memory(&model, content, size, &options))
            throw std::runtime_error(model.error);
    }

    ~Model() { vowels_close(&model); }
    Model(Model &&other) noexcept { std::swap(model, other.model); }
    Model &operator=(Model &&other) noexcept
    {
        std::swap(model, other.model);
        return *this;
    }

    // Classifies sequences of cepstrum 1, cepstrum 2, cepstrum 3, cepstrum 4, cepstrum 5, cepstrum 6, cepstrum 7, cepstrum 8 and more as one of 1, 2, 3, 4, 5, 6 and 3 more.
    //
    //   values: (batch, time, channel = 12): each step of a sequence, in the units of the data; missing where NaN or infinite; channel: cepstrum 1, cepstrum 2, cepstrum 3, cepstrum 4, cepstrum 5, cepstrum 6, cepstrum 7, cepstrum 8, …
    //   lengths: (batch): steps of each sequence
    Answer classify(std::size_t batch_size, std::size_t time_size,
        const std::vector<float> &values, const std::vector<std::int64_t> &lengths) const
    {
        vowels_model shared = model;  // with a place of its own for an error, so that threads may share the session
        if (!shared.session)
            throw std::runtime_error("the model is closed");
        check("values", values.size(), {batch_size, time_size, 12});
        check("lengths", lengths.size(), {batch_size});
        Held held;
        if (!vowels_classify(&shared, batch_size, time_size, values.data(), lengths.data(), &held.answer))
            throw std::runtime_error(shared.error);
        Answer copied;
        copied.label = copy<std::string>(held.answer.label, held.answer.label_count, held.answer.label_shape, 1);
        copied.probabilities = copy<float>(held.answer.probabilities, held.answer.probabilities_count, held.answer.probabilities_shape, 2);
        return copied;
    }

private:
    // What C made for one call, which goes when that is over.
    struct Held {
        vowels_answer answer{};
        Held() = default;
        Held(const Held &) = delete;
        Held &operator=(const Held &) = delete;
        ~Held()
        {
            vowels_answer_free(&answer);
        }
    };

    static void check(const char *name, std::size_t found, std::initializer_list<std::size_t> shape)
    {
        std::size_t wanted = 1;
        for (std::size_t size : shape)
            wanted *= size;
        if (found != wanted)
            throw std::invalid_argument(std::string(name) + " has " + std::to_string(found) + " values instead of " + std::to_string(wanted));
    }

    template <typename T, typename Values>
    static Tensor<T> copy(const Values *values, std::size_t count, const std::int64_t *shape, std::size_t rank)
    {
        using Pointer = std::conditional_t<std::is_same_v<T, std::string>, char *const *, const T *>;
        const auto first = count ? (Pointer)(const void *)values : nullptr;
        return {std::vector<T>(first, first + count), std::vector<std::int64_t>(shape, shape + rank)};
    }

    vowels_model model{};
};

}  // namespace vowels
