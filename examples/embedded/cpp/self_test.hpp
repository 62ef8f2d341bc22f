#pragma once

#include <string>
#include <vector>

#include "golden.h"
#include "vowels.hpp"

// The values of an input of a golden example; throws where there is none of that type and number of axes.
template <typename T>
std::vector<T> golden_input(const golden_example &example, const char *name, std::uint32_t type, std::uint32_t rank)
{
    const golden_tensor *found = golden_find(&example, 0, name, type, rank);
    if (!found)
        throw std::runtime_error("a golden example does not fit");
    using Pointer = std::conditional_t<std::is_same_v<T, std::string>, char *const *, const T *>;
    const auto first = static_cast<Pointer>(found->values);
    return std::vector<T>(first, first + found->count);
}

// Feed the golden examples and compare, a line each; whether all pass.
bool self_test(const vowels::Model &model, const golden_file &golden);

// Print how long a call with the first golden example takes.
void bench(const vowels::Model &model, const golden_file &golden);

// Ask the first golden example, as a program of your own would.
void example(const vowels::Model &model, const golden_example &golden);
