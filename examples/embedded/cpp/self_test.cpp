#include "self_test.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <exception>

namespace {

// The inputs of a golden example, ready for the function.
struct Arguments {
    std::vector<float> values;
    std::vector<std::int64_t> lengths;
    std::size_t batch_size = 0;
    std::size_t time_size = 0;

    explicit Arguments(const golden_example &golden)
    {
        const golden_tensor *stored;
        values = golden_input<float>(golden, "values", 1, 3);
        stored = golden_find(&golden, 0, "values", 1, 3);
        batch_size = static_cast<std::size_t>(stored->shape[0]);
        time_size = static_cast<std::size_t>(stored->shape[1]);
        lengths = golden_input<std::int64_t>(golden, "lengths", 7, 1);
        stored = golden_find(&golden, 0, "lengths", 7, 1);
        batch_size = static_cast<std::size_t>(stored->shape[0]);
        (void)stored;
    }

    vowels::Answer answer(const vowels::Model &model)
    {
        return model.classify(batch_size, time_size, values, lengths);
    }
};

template <typename T>
bool agrees(const golden_file &file, const golden_example &golden, const char *name, std::uint32_t type,
            const vowels::Tensor<T> &found, double *largest)
{
    const auto rank = static_cast<std::uint32_t>(found.shape.size());
    if constexpr (std::is_same_v<T, std::string>) {
        std::vector<const char *> texts;
        for (const std::string &text : found.values)
            texts.push_back(text.c_str());
        return golden_agrees(&file, &golden, name, type, rank, found.shape.data(), texts.data(), largest);
    } else {
        return golden_agrees(&file, &golden, name, type, rank, found.shape.data(), found.values.data(), largest);
    }
}

bool passes(const vowels::Model &model, const golden_file &file, const golden_example &golden, double *largest)
{
    Arguments arguments(golden);
    const vowels::Answer answer = arguments.answer(model);
    return true
        && agrees(file, golden, "label", 8, answer.label, largest)
        && agrees(file, golden, "probabilities", 1, answer.probabilities, largest);
}

}  // namespace

bool self_test(const vowels::Model &model, const golden_file &golden)
{
    unsigned passed = 0;
    for (unsigned i = 0; i < golden.count; i++) {
        double largest = 0;
        bool good = false;
        try {
            good = passes(model, golden, golden.examples[i], &largest);
        } catch (const std::exception &error) {
            std::printf("  %s\n", error.what());
        }
        std::printf("example %u: %s, largest difference %.2g\n", i + 1, good ? "ok" : "FAILED", largest);
        passed += good;
    }
    std::printf("self-test %s: %u of %u examples\n", passed == golden.count ? "passed" : "FAILED", passed, golden.count);
    return passed == golden.count;
}

void bench(const vowels::Model &model, const golden_file &golden)
{
    constexpr int warm = 100, calls = 1000;
    Arguments arguments(golden.examples[0]);
    std::vector<double> taken;
    for (int i = -warm; i < calls; i++) {
        const auto start = std::chrono::steady_clock::now();
        arguments.answer(model);
        const std::chrono::duration<double, std::micro> time = std::chrono::steady_clock::now() - start;
        if (i >= 0)
            taken.push_back(time.count());
    }
    std::nth_element(taken.begin(), taken.begin() + calls / 2, taken.end());
    std::printf("bench: median %.1f us a call of %d\n", taken[calls / 2], calls);
}
